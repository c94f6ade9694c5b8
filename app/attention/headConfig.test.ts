import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../errors';
import { defaultHead, formatHeadConfig, parseHeadConfig, readHeadConfig, type HeadEntry } from './headConfig';

const model = { layers: 3, heads: 4 };

test('the shipped form loads as it is; what is missing gets the default', () => {
  const text = `[{"0": ["vertical_and_slash", 1000, 6096, 0.917], "3": ["stream_llm", 100, 800, 0.99]},
                 {"1": ["block_sparse", 0, 0, 0.5]}]`;
  const config = parseHeadConfig(text, model);
  expect(config).toHaveLength(3);
  expect(config[0]?.[0]).toEqual({
    type: 'vertical_and_slash',
    verticalSize: 1000,
    slashSize: 6096,
    score: 0.917,
  });
  expect(config[0]?.[3]?.type).toBe('stream_llm');
  expect(config[1]?.[1]?.type).toBe('block_sparse');
  expect(config[2]).toEqual([defaultHead, defaultHead, defaultHead, defaultHead]);
});

test('indented files with a byte order mark, sizes as floats, scores of sixteen digits and above 1', () => {
  const text =
    '\uFEFF[\n  {\n    "0": [\n      "vertical_and_slash",\n      22032,\n      18532.0,\n      1.0000020265579224\n    ]\n  }\n]\n';
  expect(parseHeadConfig(text, model)[0]?.[0]).toEqual({
    type: 'vertical_and_slash',
    verticalSize: 22_032,
    slashSize: 18_532,
    score: 1.0000020265579224,
  });
  // Without a model only what the file names.
  expect(readHeadConfig(text)[0]?.size).toBe(1);
  expect(readHeadConfig(text)).toHaveLength(1);
});

describe('what is refused names its place', () => {
  test.each([
    ['{', 'not JSON'],
    ['{}', 'not a list'],
    ['[1]', 'layer 0'],
    ['[{}, []]', 'layer 1'],
    ['[{}, {}, {}, {}]', '4 layers'],
    ['[{"4": ["stream_llm", 1, 1, 1]}]', "layer 0: '4'"],
    ['[{"-1": ["stream_llm", 1, 1, 1]}]', "layer 0: '-1'"],
    ['[{}, {"2": ["vertical_and_slash", 1]}]', 'layer 1, head 2'],
    ['[{}, {"2": ["tri_shape", 1, 1, 1]}]', 'layer 1, head 2: the type "tri_shape"'],
    ['[{"0": ["stream_llm", -5, 1, 1]}]', 'layer 0, head 0: vertical_size is -5'],
    ['[{"0": ["stream_llm", 5, 1.5, 1]}]', 'layer 0, head 0: slash_size'],
    ['[{"0": ["stream_llm", 5, null, 1]}]', 'layer 0, head 0: slash_size'],
    ['[{"0": ["stream_llm", 5, 9999999, 1]}]', 'layer 0, head 0: slash_size is 9999999'],
    ['[{"0": ["stream_llm", 5, 9, "good"]}]', 'layer 0, head 0: the score'],
    ['[{}, {"3": ["stream_llm", 5, 9, 1, 1]}]', 'layer 1, head 3 must be [type'],
    ['[{}, {"3": null}]', 'layer 1, head 3 must be [type'],
    ['[{}, {"0": ["stream_llm", 1, 1, 1], "00": ["stream_llm", 2, 2, 1]}]', 'layer 1, head 0 is named twice'],
    ['[{}, {"3": ["stream_llm", 1, 1, 1], "3": ["stream_llm", 2, 2, 1]}]', 'layer 1, head 3 is named twice'],
    ['[{"3": {"0": 1}, "3": ["stream_llm", 2, 2, 1]}]', 'is named twice'],
    ['[null]', 'layer 0 must be an object from head to its entry, not null'],
    ['[{"__proto__": ["stream_llm", 1, 1, 1]}]', "layer 0: '__proto__' is no head"],
    // What Python writes and JSON lacks, and what no double holds.
    ['[{"2": ["stream_llm", NaN, 1, 1]}]', 'layer 0, head 2: vertical_size must be a whole number, not NaN'],
    [
      '[{"2": ["stream_llm", 1, -Infinity, 1]}]',
      'layer 0, head 2: slash_size must be a whole number, not -Inf',
    ],
    [
      '[{"2": ["stream_llm", 1, 1e999, 1]}]',
      'layer 0, head 2: slash_size must be a whole number, not Infinity',
    ],
    ['[{"2": ["stream_llm", 1, 1, NaN]}]', 'layer 0, head 2: the score must be a number, not NaN'],
  ])('%s', (text, words) => {
    expect(() => parseHeadConfig(text, model)).toThrow(UserError);
    expect(() => parseHeadConfig(text, model)).toThrow(words);
  });
});

test('a file of another model is not told to be made otherwise', () => {
  const remedy = 'Load the model that it is for, choose another file, or remove it.';
  expect(() => parseHeadConfig('[{}, {}, {}, {}]', model)).toThrow(remedy);
  expect(() => parseHeadConfig('[{"4": ["stream_llm", 1, 1, 1]}]', model)).toThrow(remedy);
  expect(() => parseHeadConfig('[{"1": 3}]', model)).toThrow('layers and heads count from 0');
});

const entry = fc.record<HeadEntry>({
  type: fc.constantFrom('vertical_and_slash', 'stream_llm', 'block_sparse'),
  verticalSize: fc.integer({ min: 0, max: 2 ** 20 }),
  slashSize: fc.integer({ min: 0, max: 2 ** 20 }),
  score: fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
});

test('what is written is read back', () => {
  const config = fc.array(fc.array(entry, { minLength: 4, maxLength: 4 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(config, (given) => {
      expect(parseHeadConfig(formatHeadConfig(given), model)).toEqual(given);
    }),
  );
});

test('no text makes the parser throw anything but a UserError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        parseHeadConfig(text, model);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
  );
});
