/** The models as bytes: what is written is what another reader finds. Whether onnxruntime computes it is checked in a run. */
import { expect, test } from 'vitest';
import { modelShapes, type ModelShape } from '../../app/engine/bench/shapes';
import { attentionGraph, decoderGraph, sizesOf, type GraphOptions } from './graph';
import { decoderReference, layerWeights } from './layer';
import { dataTypes, decodeModel, encodeModel, type ModelProto } from './onnx';
import { dequantised, floatBytes, quantised, randomValues, transposed } from './weights';

const shape: ModelShape = { ...(modelShapes.tiny as ModelShape), layers: 3 };
const options: GraphOptions = {
  shape,
  float: 'f16',
  most: 128,
  seed: 1,
  int4: null,
  packed: false,
  shared: false,
};

const read = (model: ModelProto): ModelProto => decodeModel(encodeModel(model));
const ops = ({ graph }: ModelProto, opType: string): number =>
  graph.node.filter((node) => node.opType === opType).length;
const tensor = ({ graph }: ModelProto, name: string) => graph.initializer.find((item) => item.name === name);

test('a decoder: every node is read back, and each input of a node is one that is made somewhere', () => {
  const written = decoderGraph(options);
  const model = read(written);
  expect(model.graph.node).toHaveLength(written.graph.node.length);
  expect(model.opsetImport.map(({ domain }) => domain)).toEqual(['', 'com.microsoft']);
  expect(ops(model, 'MatMul')).toBe(7 * shape.layers);
  expect(ops(model, 'GroupQueryAttention')).toBe(shape.layers);
  expect(ops(model, 'SkipSimplifiedLayerNormalization')).toBe(2 * shape.layers);
  const known = new Set([
    '',
    ...model.graph.input.map(({ name }) => name),
    ...model.graph.initializer.map(({ name }) => name),
  ]);
  for (const node of model.graph.node) {
    for (const name of node.input) expect(known, `${node.name} takes ${name}`).toContain(name);
    for (const name of node.output) known.add(name);
  }
  for (const { name } of model.graph.output) expect(known).toContain(name);
});

test('initialisers: as many bytes as their sizes say, kept once for all layers', () => {
  const model = read(decoderGraph(options));
  const bytes: Record<number, number> = { [dataTypes.f16]: 2, [dataTypes.int64]: 8 };
  for (const { name, dims, dataType, rawData } of model.graph.initializer) {
    const count = dims.reduce((product, size) => product * size, 1);
    expect(rawData.length, name).toBe(count * (bytes[dataType] ?? NaN));
  }
  const single = read(decoderGraph({ ...options, shape: { ...shape, layers: 1 } }));
  expect(model.graph.initializer).toHaveLength(single.graph.initializer.length);
  const q = layerWeights(shape, 1).q();
  expect(tensor(model, 'q_proj.weight')?.dims).toEqual([q.in, q.out]);
  expect([...(tensor(model, 'q_proj.weight')?.rawData ?? [])]).toEqual([...floatBytes(transposed(q), 'f16')]);
});

test('int4, packed and shared: other operators and inputs, the same outputs', () => {
  const plain = read(decoderGraph(options));
  const model = read(decoderGraph({ ...options, int4: { accuracy: 4 }, packed: true, shared: true }));
  expect(ops(model, 'MatMul')).toBe(0);
  expect(ops(model, 'MatMulNBits')).toBe(5 * shape.layers);
  const node = model.graph.node.find(({ opType }) => opType === 'MatMulNBits');
  expect(node?.attribute.find(({ name }) => name === 'accuracy_level')?.i).toBe(4);
  const attention = model.graph.node.find(({ opType }) => opType === 'GroupQueryAttention');
  expect(attention?.input.slice(1, 5)).toEqual(['', '', 'past.0.key', 'past.0.value']);
  expect(tensor(model, 'down_proj.q4')?.dims).toEqual([shape.hidden, shape.intermediate / 32, 16]);
  expect(sizesOf(model).outputs).toEqual(sizesOf(plain).outputs);
  expect(sizesOf(model).outputs).toMatchObject({
    normed: [1, -1, shape.hidden],
    'present.2.key': [1, shape.kvHeads, -1, shape.headDim],
  });
  expect(Object.keys(sizesOf(model).inputs)).toHaveLength(1 + 2 * shape.layers);
});

test('attention alone: three inputs, no weights but the rotary tables', () => {
  const model = read(attentionGraph(options));
  expect(Object.keys(sizesOf(model).inputs)).toEqual(['query', 'key', 'value']);
  expect(tensor(model, 'cos_cache')?.dims).toEqual([128, shape.headDim / 2]);
  expect(model.graph.initializer.filter(({ dataType }) => dataType === dataTypes.f16)).toHaveLength(2);
});

test('quantised: half a step at most from the values, four bits each', () => {
  const matrix = { out: 4, in: 64, values: randomValues(256, 1, 3) };
  const { packed, scales } = quantised(matrix);
  expect(packed).toHaveLength(128);
  expect(scales).toHaveLength(8);
  dequantised(matrix).values.forEach((value, at) => {
    // The scale is rounded to f16, so the largest value of a block may lie a little beyond 7 steps.
    expect(Math.abs(value - (matrix.values[at] ?? NaN))).toBeLessThan(0.51 * (scales[at >> 5] ?? NaN));
  });
});

test('the reference keeps activations of a deep model near 1, and int4 changes them a little', () => {
  const input = randomValues(5 * shape.hidden, 1, 9);
  const float = decoderReference(shape, 1, false, input, 5);
  const int4 = decoderReference(shape, 1, true, input, 5);
  expect(float).toHaveLength(5 * shape.hidden);
  const largest = float.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(1);
  expect(largest).toBeLessThan(10);
  expect(int4).not.toEqual(float);
});
