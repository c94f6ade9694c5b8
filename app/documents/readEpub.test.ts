import { describe, expect, it } from 'vitest';
import { readDocument } from './readDocument';
import { fileOf, makeEpub, zipOf, refusal } from './testing';

describe('epub', () => {
  it('reads chapters in the order of the spine, each under its title once', async () => {
    const book = makeEpub(
      { 'z one.xhtml': '<h1>The Door</h1><p>It&nbsp;opened.</p>', 'a.xhtml': '<p>Then it closed.</p>' },
      { 'z%20one.xhtml#top': 'The door', 'a.xhtml': 'After' },
    );
    expect(await readDocument(fileOf(book, 'book.epub'))).toMatchObject({
      kind: 'epub',
      text: '## The door\n\nIt opened.\n\n## After\n\nThen it closed.',
    });
  });

  it('takes titles from the table of an EPUB 2', async () => {
    const book = zipOf({
      'META-INF/container.xml': '<container><rootfile full-path="b.opf"/></container>',
      'b.opf':
        '<package><manifest><item id="t" href="toc.ncx" media-type="application/x-dtbncx+xml"/><item id="c" href="text/1.html"/></manifest><spine toc="t"><itemref idref="c"/></spine></package>',
      'toc.ncx':
        '<ncx><navMap><navPoint><navLabel><text>First</text></navLabel><content src="text/1.html#a"/></navPoint></navMap></ncx>',
      'text/1.html': '<html><body><p>Body</p></body></html>',
    });
    expect((await readDocument(fileOf(book, 'old.epub'))).text).toBe('## First\n\nBody');
  });

  it('says that chapters are missing', async () => {
    const book = makeEpub({ 'a.xhtml': '<p>here</p>' });
    const opf =
      '<package><manifest><item id="a" href="a.xhtml"/><item id="b" href="b.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>';
    const broken = makeEpub({ 'a.xhtml': '<p>here</p>' }, {}, { 'OEBPS/content.opf': opf });
    expect((await readDocument(fileOf(book, 'a.epub'))).note).toBeUndefined();
    expect((await readDocument(fileOf(broken, 'a.epub'))).note).toBe(
      '1 of 2 chapters are missing from the file.',
    );
  });

  it('refuses protected books, but not mangled fonts', async () => {
    const encryption = (algorithm: string) => ({
      'META-INF/encryption.xml': `<encryption><enc:EncryptedData><enc:EncryptionMethod Algorithm="${algorithm}"/></enc:EncryptedData></encryption>`,
    });
    const locked = makeEpub(
      { 'a.xhtml': 'x' },
      {},
      encryption('http://www.w3.org/2001/04/xmlenc#aes128-cbc'),
    );
    expect((await refusal(fileOf(locked, 'a.epub'))).sentence).toContain('DRM');
    const fonts = makeEpub({ 'a.xhtml': 'x' }, {}, encryption('http://www.idpf.org/2008/embedding'));
    expect((await readDocument(fileOf(fonts, 'a.epub'))).text).toBe('x');
  });

  it('refuses a book without a package', async () => {
    const error = await refusal(fileOf(zipOf({ mimetype: 'application/epub+zip' }), 'a.epub'));
    expect(error.sentence).toContain('a.epub is damaged');
  });
});
