/**
 * HTML and XHTML to text, as a stream: no document tree is ever built, so a page of 100 MB needs little more than its
 * text. htmlparser2 runs in a worker, where a browser has no DOMParser, and forgives what browsers forgive.
 */
import { Parser } from 'htmlparser2';
import { PlainText } from './plainText';

/** Elements whose content nobody reads. */
const unread = new Set(
  'script style noscript template title svg iframe object canvas audio video datalist'.split(' '),
);
/** Elements with an empty line around them. */
const paragraphs = new Set(
  'p h1 h2 h3 h4 h5 h6 blockquote pre table ul ol dl figure hr section article header footer main aside nav'.split(
    ' ',
  ),
);
/** Elements on a line of their own. */
const lines = new Set('div li tr dt dd caption figcaption address fieldset form option summary'.split(' '));

export class MarkupText {
  private readonly text = new PlainText();
  private unreadDepth = 0;
  private preDepth = 0;
  private readonly parser: Parser;

  constructor() {
    this.parser = new Parser(
      {
        onopentag: (name, attributes) => {
          this.open(name, attributes);
        },
        onclosetag: (name) => {
          this.close(name);
        },
        ontext: (data) => {
          if (this.unreadDepth > 0) return;
          if (this.preDepth > 0) this.text.verbatim(data.replaceAll('\r\n', '\n'));
          else this.text.flow(data);
        },
      },
      // XHTML closes empty elements with a slash; in HTML itself the slash means nothing and is rare.
      { decodeEntities: true, recognizeSelfClosing: true },
    );
  }

  write(piece: string): void {
    this.parser.write(piece);
  }

  end(): string {
    this.parser.end();
    return this.text.toString();
  }

  private open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (this.unreadDepth > 0 || unread.has(name) || 'hidden' in attributes) {
      this.unreadDepth++;
      return;
    }
    if (name === 'br') this.text.newline();
    else if (name === 'td' || name === 'th') this.text.tab();
    else this.breakAround(name);
    if (name === 'li') {
      this.text.verbatim('-');
      this.text.space();
    }
    if (name === 'pre') this.preDepth++;
  }

  private close(name: string): void {
    if (this.unreadDepth > 0) {
      this.unreadDepth--;
      return;
    }
    if (name === 'pre') this.preDepth--;
    this.breakAround(name);
  }

  private breakAround(name: string): void {
    if (paragraphs.has(name)) this.text.block(2);
    else if (lines.has(name)) this.text.block(1);
  }
}

/** The text of one whole page. */
export function markupText(html: string): string {
  const reader = new MarkupText();
  reader.write(html);
  return reader.end();
}
