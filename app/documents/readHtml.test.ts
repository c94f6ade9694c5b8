import { describe, expect, it } from 'vitest';
import { guessedNote } from './decode';
import { markupText } from './markup';
import { readDocument } from './readDocument';
import { fileOf } from './testing';

describe('html', () => {
  it('keeps what is read and drops what runs or styles', async () => {
    const page = `<!doctype html><html><head><title>Tab</title><style>p { color: red }</style>
      <script>if (a < b) document.write("<p>no</p>")</script></head>
      <body><h1>Head&shy;ing</h1><p>One &amp;
      two <b>bo</b>ld<br>next</p><ul><li>first<li>second</ul><template><p>never</p></template>
      <p hidden>hidden <i>too</i></p><noscript>off</noscript><pre>  kept
  as is</pre><div>a</div><div>b</div></body></html>`;
    expect(await readDocument(fileOf(page, 'page.html'))).toMatchObject({
      kind: 'html',
      text: 'Head\u00ading\n\nOne & two bold\nnext\n\n- first\n- second\n\n  kept\n  as is\n\na\nb',
    });
  });

  it('parts the cells of a table by tabs', () => {
    expect(markupText('<table><tr><th>a</th> <th>b</th></tr><tr><td> 1 <td>2</table>')).toBe('a\tb\n1\t2');
  });

  it('believes the encoding that a page declares, unless it says UTF-8 wrongly', async () => {
    const bytes = (head: string) => [...new TextEncoder().encode(head), 0xe9];
    const named = await readDocument(fileOf(bytes('<meta charset="iso-8859-7">'), 'a.html'));
    expect(named.text).toBe('ι');
    const wrong = await readDocument(fileOf(bytes('<meta charset=utf-8><p>caf'), 'a.htm'));
    expect(wrong).toMatchObject({ text: 'café', note: guessedNote });
  });

  it('survives broken pages', () => {
    expect(markupText('<p>a<b>b</p></i></br>c &nosuch; <d')).toContain('ab');
    const deep = markupText(`${'<div>'.repeat(50_000)}deep`);
    expect(deep).toBe('deep');
  });
});
