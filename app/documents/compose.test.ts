import { describe, expect, it } from 'vitest';
import { compose, fileText, titleOf } from './compose';

const part = (name: string, text: string) => ({
  file: { name, kind: 'text' as const, bytes: text.length, characters: text.length },
  text,
});

describe('compose', () => {
  it('leaves one file as it is', () => {
    expect(compose([part('a.txt', 'A')])).toMatchObject({ text: 'A', files: [{ start: 0, end: 1 }] });
    expect(compose([])).toEqual({ text: '', files: [] });
  });

  it('puts several under their names, and finds each again', () => {
    const { text, files } = compose([part('a.txt', 'A\nA'), part('b.txt', 'B')]);
    expect(text).toBe('# a.txt\n\nA\nA\n\n# b.txt\n\nB');
    expect(files.map((file) => fileText(text, file))).toEqual(['A\nA', 'B']);
  });

  it('names the whole in few words', () => {
    expect(titleOf(['a'])).toBe('a');
    expect(titleOf(['a', 'b'])).toBe('a and b');
    expect(titleOf(['a', 'b', 'c'])).toBe('a and 2 more');
  });
});
