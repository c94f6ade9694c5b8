import { describe, expect, it } from 'vitest';
import { guessedNote } from './decode';
import { fileOf, zipOf, refusal } from './testing';
import { readDocument } from './readDocument';

describe('plain text', () => {
  it('reads UTF-8 with and without its mark, and evens out line ends', async () => {
    expect((await readDocument(fileOf('Grüße\r\nzwei', 'a.txt'))).text).toBe('Grüße\nzwei');
    expect((await readDocument(fileOf([0xef, 0xbb, 0xbf, 0x68, 0x69], 'a.txt'))).text).toBe('hi');
  });

  it('reads UTF-16 in both orders by its mark', async () => {
    expect((await readDocument(fileOf([0xff, 0xfe, 0x68, 0, 0x69, 0], 'a.txt'))).text).toBe('hi');
    expect((await readDocument(fileOf([0xfe, 0xff, 0, 0x68, 0, 0x69], 'a.txt'))).text).toBe('hi');
  });

  it('reads an older Western encoding, and says so', async () => {
    const read = await readDocument(fileOf([0x63, 0x61, 0x66, 0xe9], 'a.txt'));
    expect(read).toMatchObject({ text: 'café', kind: 'text', characters: 4, note: guessedNote });
  });

  it('reads json, csv and code as they stand', async () => {
    for (const [name, text] of [
      ['a.json', '{"a": [1,\t2]}'],
      ['a.csv', 'a;b\n1;2'],
      ['a.rs', 'fn main() {}'],
      ['Makefile', 'all:\n\tcc'],
    ] as const)
      expect(await readDocument(fileOf(text, name))).toMatchObject({ title: name, kind: 'text', text });
  });

  it('keeps characters that lie across two slices of the file', async () => {
    // 4 MiB a slice: the two bytes of one é are parted.
    const text = `${'a'.repeat(4 * 2 ** 20 - 1)}é${'b'.repeat(10)}`;
    const steps: number[] = [];
    const read = await readDocument(fileOf(text, 'long.txt'), { onProgress: (step) => steps.push(step) });
    expect(read.text === text).toBe(true);
    expect(steps).toEqual([expect.closeTo(1, 4), 1]);
  });

  it('refuses empty and binary files by name', async () => {
    expect((await refusal(fileOf(' \n', 'blank.md'))).sentence).toBe('blank.md is empty.');
    expect((await refusal(fileOf([0x89, 0x50, 0, 1], 'cat.png'))).sentence).toBe(
      'cat.png is a picture, not plain text.',
    );
    expect((await refusal(fileOf([1, 2, 3, 0, 5], 'data.x'))).code).toBe('bad-document');
    expect((await refusal(fileOf(zipOf({ 'a.txt': 'hi' }), 'a.zip'))).sentence).toContain('an archive');
    expect((await refusal(fileOf('{\\rtf1 hi}', 'a.rtf'))).sentence).toContain('another word processor');
    expect((await refusal(fileOf([0xd0, 0xcf, 0x11, 0xe0], 'a.docx'))).sentence).toContain('password');
  });

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const reading = readDocument(fileOf('a'.repeat(9 * 2 ** 20), 'a.txt'), {
      signal: controller.signal,
      onProgress: () => {
        controller.abort();
      },
    });
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });
});
