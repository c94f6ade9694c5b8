import { describe, expect, it } from 'vitest';
import { readDocument } from './readDocument';
import { fileOf, makeDocx, paragraph, zipOf, refusal } from './testing';

async function textOf(body: string, parts?: Record<string, string>): Promise<string> {
  return (await readDocument(fileOf(makeDocx(body, parts), 'a.docx'))).text;
}

describe('docx', () => {
  it('reads paragraphs, tabs and line ends, and joins runs', async () => {
    const body = `${paragraph('Tea &amp; <w:r/>cake'.replace('<w:r/>', ''))}<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/></w:r><w:r><w:t>c</w:t></w:r></w:p>`;
    expect(await textOf(body)).toBe('Tea & cake\na\tb\nc');
  });

  it('leaves out what was deleted, field codes and copies for old versions', async () => {
    const body = `<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText></w:r><mc:AlternateContent><mc:Choice><w:r><w:t>once</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>once</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>`;
    expect(await textOf(body)).toBe('once');
  });

  it('reads tables row by row, nested ones inside their cell', async () => {
    const cell = (content: string) => `<w:tc><w:tcPr/>${content}</w:tc>`;
    const table = (rows: string) => `<w:tbl>${rows}</w:tbl>`;
    const inner = table(`<w:tr>${cell(paragraph('x'))}${cell(paragraph('y'))}</w:tr>`);
    const body = table(
      `<w:tr>${cell(paragraph('a') + paragraph('b'))}${cell(paragraph('c'))}</w:tr><w:tr>${cell(inner)}${cell(paragraph('d'))}</w:tr>`,
    );
    expect(await textOf(body)).toBe('a b\tc\nx\ty\td');
  });

  it('puts footnotes at the end, under their numbers', async () => {
    const body = '<w:p><w:r><w:t>claim</w:t><w:footnoteReference w:id="2"/></w:r></w:p>';
    const notes = `<w:footnotes><w:footnote w:type="separator" w:id="0">${paragraph('')}</w:footnote><w:footnote w:id="2">${paragraph('source')}</w:footnote></w:footnotes>`;
    expect(await textOf(body, { 'word/footnotes.xml': notes })).toBe('claim[2]\n\n[2] source');
  });

  it('follows the relationship to a document of another name, and gives the pages', async () => {
    const bytes = zipOf({
      '_rels/.rels':
        '<Relationships><Relationship Type="http://schemas/relationships/officeDocument" Target="/word/document2.xml"/></Relationships>',
      'docProps/app.xml': '<Properties><Pages>7</Pages><Words>1</Words></Properties>',
      'word/document2.xml': `<w:document><w:body>${paragraph('found')}</w:body></w:document>`,
    });
    expect(await readDocument(fileOf(bytes, 'b.docx'))).toMatchObject({
      text: 'found',
      pages: 7,
      kind: 'docx',
    });
  });

  it('refuses an archive without a document, half an archive, and an empty document', async () => {
    const none = await refusal(fileOf(zipOf({ 'word/styles.xml': '<a/>' }), 'a.docx'));
    expect(none.sentence).toBe('a.docx holds no document: word/document.xml is missing.');
    const whole = makeDocx(paragraph('text'));
    const half = await refusal(fileOf(whole.slice(0, whole.length / 2), 'half.docx'));
    expect(half.sentence).toContain('half.docx is damaged');
    expect((await refusal(fileOf(makeDocx(''), 'empty.docx'))).sentence).toBe('empty.docx is empty.');
  });
});
