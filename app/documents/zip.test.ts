import { describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { readDocx } from './readDocx';
import { makeDocx, paragraph, zipOf } from './testing';
import { unzip } from './zip';

/** The archive with the size that its only entry claims in the central directory changed. */
function claiming(archive: Uint8Array, size: number): Uint8Array {
  const forged = archive.slice();
  const view = new DataView(forged.buffer);
  for (let at = 0; at < forged.length - 4; at++)
    if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, size, true);
  return forged;
}

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.sentence;
    throw error;
  }
  throw new Error('not refused');
}

describe('unzip', () => {
  it('unpacks what is wanted and nothing else', () => {
    const entries = unzip(zipOf({ 'a.xml': 'A', 'b.png': 'B' }), 'x', (path) => path.endsWith('.xml'));
    expect([...entries.keys()]).toEqual(['a.xml']);
    expect(new TextDecoder().decode(entries.get('a.xml'))).toBe('A');
  });

  it('refuses a bomb by what it would swell to', () => {
    const bomb = makeDocx(paragraph('0'.repeat(300_000)));
    expect(bomb.length).toBeLessThan(3_000);
    expect(refused(() => readDocx(bomb, 'bomb.docx', 100_000))).toContain('bomb.docx would swell');
    expect(readDocx(bomb, 'bomb.docx').text).toHaveLength(300_000);
  });

  it('refuses forged sizes, and allocates no more than a size says', () => {
    const archive = zipOf({ 'a.xml': 'x'.repeat(5_000) });
    const all = () => true;
    expect(refused(() => unzip(claiming(archive, 0x7fffffff), 'x', all))).toContain('would swell');
    expect(refused(() => unzip(claiming(archive, 1_000_000), 'x', all))).toContain('would swell');
    const small = claiming(archive, 16);
    try {
      expect(unzip(small, 'x', all).get('a.xml')?.length).toBe(16);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
    }
  });

  it('refuses what is no archive', () => {
    expect(refused(() => unzip(new Uint8Array(100), 'x', () => true))).toContain('damaged');
  });
});
