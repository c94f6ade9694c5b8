/** 'a=1 b=2', in the words of `--set`; long texts, such as a configuration by head, by their length and a fingerprint. */
export function settingsText(settings: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${short(value)}`)
    .join(' ');
}

function short(value: string | number | boolean): string {
  const text = String(value);
  return text.length <= 60 ? text : `(${text.length.toLocaleString('en')} characters, ${fingerprint(text)})`;
}

/** FNV-1a of 32 bits: two texts that differ shall read differently. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
