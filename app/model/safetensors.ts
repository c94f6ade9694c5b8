/**
 * The safetensors header, read with suspicion: it comes from a file that anyone may have made.
 * Format: u64 little-endian length, that many bytes of JSON, then the data that its offsets point into.
 */
import * as v from 'valibot';
import { UserError } from '../errors';

export interface TensorEntry {
  name: string;
  dtype: string;
  shape: number[];
  /** Bytes from the start of the data, `end` exclusive. */
  begin: number;
  end: number;
}

/** The format's own limit (100 MB); real headers are under 1 MB. */
const largestHeader = 100_000_000;

/** Bits per value, by the names that the format defines. */
const dtypeBits: Record<string, number> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  U16: 16,
  I16: 16,
  F16: 16,
  BF16: 16,
  U32: 32,
  I32: 32,
  F32: 32,
  U64: 64,
  I64: 64,
  F64: 64,
};

const Index = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Entry = v.object({ dtype: v.string(), shape: v.array(Index), data_offsets: v.tuple([Index, Index]) });

export function badFile(file: string, what: string): UserError {
  return new UserError(
    'bad-weights',
    `${file} is not a valid safetensors file: ${what}.`,
    'Download it again, or choose another file.',
  );
}

/** Length of the JSON header from the file's first 8 bytes. */
export function headerLength(first: Uint8Array, file: string): number {
  if (first.byteLength < 8) throw badFile(file, 'it is shorter than its own header');
  const view = new DataView(first.buffer, first.byteOffset, 8);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(largestHeader)) throw badFile(file, `its header claims ${length} bytes`);
  if (length < 2n) throw badFile(file, 'its header is empty');
  return Number(length);
}

/**
 * Entries by offset. `dataBytes` is the size of the data after the header, null where it is not known.
 * Offsets must lie in the data, agree with shape and type, and not overlap; gaps are harmless and allowed.
 */
export function parseHeader(header: Uint8Array, dataBytes: number | null, file: string): TensorEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
  } catch {
    throw badFile(file, 'its header is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badFile(file, 'its header is not an object');
  const entries = Object.entries(json)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]): TensorEntry => {
      const parsed = v.safeParse(Entry, value);
      if (!parsed.success) throw badFile(file, `the entry of ${name} is malformed`);
      const {
        dtype,
        shape,
        data_offsets: [begin, end],
      } = parsed.output;
      const bits = dtypeBits[dtype];
      if (bits === undefined) throw badFile(file, `${name} has the unknown type ${dtype}`);
      const bytes = shape.reduce((product, size) => product * size, 1) * (bits / 8);
      if (!Number.isSafeInteger(bytes) || end - begin !== bytes)
        throw badFile(file, `${name} has ${end - begin} bytes for its shape`);
      if (dataBytes !== null && end > dataBytes)
        throw badFile(file, `${name} lies beyond the end of the file`);
      return { name, dtype, shape, begin, end };
    })
    .toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  for (const [at, entry] of entries.entries()) {
    const before = entries[at - 1];
    if (before && entry.begin < before.end) throw badFile(file, `${before.name} and ${entry.name} overlap`);
  }
  return entries;
}
