import { expect, test } from 'vitest';
import { isAbort } from '../errors';
import { halfToFloat } from './dtypes';
import { folderFiles, type ModelFiles } from './files';
import { hubFiles } from './hub';
import { streamTensors } from './tensors';

function safetensors(tensors: Record<string, number[]>, dtype = 'F32'): Uint8Array<ArrayBuffer> {
  let offset = 0;
  const header: Record<string, unknown> = {};
  const data: number[] = [];
  for (const [name, values] of Object.entries(tensors)) {
    header[name] = { dtype, shape: [values.length], data_offsets: [offset, offset + values.length * 4] };
    offset += values.length * 4;
    data.push(...values);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  out.set(new Uint8Array(Float32Array.from(data).buffer), 8 + json.length);
  return out;
}

const folder = (files: Record<string, BlobPart>): ModelFiles =>
  folderFiles(
    'test',
    Object.entries(files).map(([name, part]) => new File([part], name)),
  );

async function readAll(
  files: ModelFiles,
  options: { signal?: AbortSignal; want?: (name: string) => boolean } = {},
) {
  const got: Record<string, number[]> = {};
  let last = { loaded: 0, total: 0 };
  const stream = streamTensors(files, {
    signal: options.signal ?? new AbortController().signal,
    onProgress: (loaded, total) => (last = { loaded, total }),
    want: options.want ?? (() => true),
  });
  for await (const slice of stream) {
    expect(slice.offset % 2).toBe(0);
    (got[slice.name] ??= []).push(...Array.from(slice.half, halfToFloat));
  }
  return { got, last };
}

test('a single file streams every wanted tensor, and progress ends at its size', async () => {
  const bytes = safetensors({ a: [1, 2, 3], skipped: [9, 9], b: [-0.5] });
  const { got, last } = await readAll(folder({ 'model.safetensors': bytes }), {
    want: (name) => name !== 'skipped',
  });
  expect(got).toEqual({ a: [1, 2, 3], b: [-0.5] });
  expect(last).toEqual({ loaded: bytes.length, total: bytes.length });
});

test('shards are read by their index', async () => {
  const index = JSON.stringify({
    metadata: { total_size: 8 },
    weight_map: { a: 'x-1.safetensors', b: 'x-2.safetensors' },
  });
  const files = {
    'model.safetensors.index.json': index,
    'x-1.safetensors': safetensors({ a: [1] }),
    'x-2.safetensors': safetensors({ b: [2] }),
  };
  expect((await readAll(folder(files))).got).toEqual({ a: [1], b: [2] });
  const lacking = { ...files, 'x-2.safetensors': safetensors({ c: [2] }) };
  await expect(readAll(folder(lacking))).rejects.toThrow('lacks b');
});

test.each(['../x.safetensors', '/etc/x.safetensors', 'a/b.safetensors', 'x.bin'])(
  'an index that names %s is refused',
  async (name) => {
    const index = JSON.stringify({ weight_map: { a: name } });
    await expect(readAll(folder({ 'model.safetensors.index.json': index }))).rejects.toThrow('it names');
  },
);

test('a truncated file, a missing one and an unloadable type say so', async () => {
  const bytes = safetensors({ a: [1, 2, 3] });
  await expect(readAll(folder({ 'model.safetensors': bytes.slice(0, -4) }))).rejects.toThrow(
    'beyond the end',
  );
  await expect(readAll(folder({}))).rejects.toThrow('no model.safetensors');
  await expect(readAll(folder({ 'model.safetensors': safetensors({ a: [1] }, 'I32') }))).rejects.toThrow(
    'stored as I32',
  );
});

test('an abort ends the stream with an AbortError', async () => {
  const controller = new AbortController();
  controller.abort();
  const files = folder({ 'model.safetensors': safetensors({ a: [1] }) });
  await expect(readAll(files, { signal: controller.signal })).rejects.toSatisfy(isAbort);
});

test.each(['', 'name', 'a/b/c', '../b', 'https://x/y', 'a/..'])('%j is no Hub id', (id) => {
  expect(() => hubFiles(id)).toThrow('is not a Hub model id');
});
