import { describe, expect, it } from 'vitest';
import { pageText } from './pdfText';
import { readDocument } from './readDocument';
import { fileOf, makePdf, refusal } from './testing';

describe('pdf', () => {
  it('reads page by page, and tells how far it is', async () => {
    const steps: number[] = [];
    const file = fileOf(makePdf([['First line', 'second line'], ['Next page']]), 'a.pdf');
    const read = await readDocument(file, { onProgress: (step) => steps.push(step) });
    expect(read).toMatchObject({ kind: 'pdf', pages: 2, text: 'First line\nsecond line\n\nNext page' });
    expect(read.note).toBeUndefined();
    expect(steps).toEqual([0.5, 1]);
  });

  it('is known by its bytes, whatever its name', async () => {
    expect((await readDocument(fileOf(makePdf([['x']]), 'scan.txt'))).kind).toBe('pdf');
  });

  it('says of a scan that it has no text, and of half a scan which share', async () => {
    const one = await refusal(fileOf(makePdf([[]]), 'a.pdf'));
    expect(one.sentence).toBe('This PDF has 1 page and no text: it is probably scanned.');
    const three = await refusal(fileOf(makePdf([[], [], []]), 'a.pdf'));
    expect(three.sentence).toBe('This PDF has 3 pages and no text: it is probably scanned.');
    const half = await readDocument(fileOf(makePdf([['text'], []]), 'a.pdf'));
    expect(half.note).toBe('1 of 2 pages hold no text: they are probably scanned.');
  });

  it('names a password, and damage', async () => {
    const locked = await refusal(fileOf(makePdf([['x']], { locked: true }), 'safe.pdf'));
    expect(locked.sentence).toBe('safe.pdf is protected by a password.');
    const whole = makePdf([['x']]);
    const start = await refusal(fileOf(whole.slice(0, 60), 'cut.pdf'));
    expect(start.sentence).toBe('cut.pdf is damaged, or is no PDF.');
  });

  it('recovers what a truncated file still holds', async () => {
    const whole = makePdf([['kept']]);
    const text = new TextDecoder('latin1').decode(whole);
    // The pointer to its cross-reference table is gone.
    const read = await readDocument(fileOf(whole.slice(0, text.indexOf('startxref')), 'cut.pdf'));
    expect(read.text).toBe('kept');
  });

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const reading = readDocument(fileOf(makePdf([['a'], ['b'], ['c']]), 'a.pdf'), {
      signal: controller.signal,
      onProgress: () => {
        controller.abort();
      },
    });
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('parts paragraphs where the step down is large', () => {
    const item = (str: string, y: number) => ({
      str,
      hasEOL: true,
      height: 12,
      width: 1,
      dir: 'ltr',
      fontName: 'f',
      transform: [12, 0, 0, 12, 0, y],
    });
    expect(pageText([item('a', 700), item('b', 686), item('c', 650)])).toBe('a\nb\n\nc');
  });
});
