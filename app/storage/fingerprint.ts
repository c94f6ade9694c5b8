/**
 * A document's fingerprint: two FNV-1a sums of 32 bits, one over low and one over high bytes first, with its length.
 * Says whether two runs read the same text; it is no protection against somebody who wants two texts to look alike.
 */
export function fingerprint(text: string): string {
  let first = 0x811c9dc5;
  let second = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const low = code & 0xff;
    const high = code >> 8;
    first = Math.imul(Math.imul(first ^ low, 0x01000193) ^ high, 0x01000193);
    second = Math.imul(Math.imul(second ^ high ^ 0x5a, 0x01000193) ^ low ^ (at & 0xff), 0x01000193);
  }
  const hex = (sum: number): string => (sum >>> 0).toString(16).padStart(8, '0');
  return `${hex(first)}${hex(second)}-${text.length}`;
}
