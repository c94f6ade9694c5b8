/** The fixtures for unit tests: Node 20 has no Float16Array. */
import { readFileSync } from 'node:fs';

const folder = 'app/attention/fixtures';

export function fixtureJson(path: string): unknown {
  return JSON.parse(readFileSync(`${folder}/${path}`, 'utf8'));
}

/** Little-endian f16 as numbers. */
export function fixtureHalves(path: string): Float32Array {
  const bytes = readFileSync(`${folder}/${path}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 2 }, (_, i) => {
    const bits = view.getUint16(i * 2, true);
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return bits >> 15 ? -size : size;
  });
}
