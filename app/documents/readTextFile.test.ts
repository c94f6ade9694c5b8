import { describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { readTextFile } from './readTextFile';

function file(bytes: readonly number[] | string, name = 'notes.txt'): File {
  return new File([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], name);
}

async function refusal(of: File): Promise<UserError> {
  const error = await readTextFile(of).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error('not refused');
  return error;
}

describe('readTextFile', () => {
  it('reads UTF-8 with and without its mark, and evens out line ends', async () => {
    expect((await readTextFile(file('Grüße\r\nzwei'))).text).toBe('Grüße\nzwei');
    expect((await readTextFile(file([0xef, 0xbb, 0xbf, 0x68, 0x69]))).text).toBe('hi');
  });

  it('reads UTF-16 in both orders by its mark', async () => {
    expect((await readTextFile(file([0xff, 0xfe, 0x68, 0, 0x69, 0]))).text).toBe('hi');
    expect((await readTextFile(file([0xfe, 0xff, 0, 0x68, 0, 0x69]))).text).toBe('hi');
  });

  it('reads an older Western encoding', async () => {
    expect((await readTextFile(file([0x63, 0x61, 0x66, 0xe9]))).text).toBe('café');
  });

  it('refuses empty and binary files by name', async () => {
    expect((await refusal(file(' \n', 'blank.md'))).sentence).toBe('blank.md is empty.');
    expect((await refusal(file([0x89, 0x50, 0, 1], 'cat.png'))).sentence).toBe(
      'cat.png is a picture, not plain text.',
    );
    expect((await refusal(file([1, 2, 3, 0, 5], 'data.x'))).code).toBe('bad-document');
  });
});
