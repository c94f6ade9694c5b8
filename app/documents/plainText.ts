/** Collects text as a browser would lay it out: white space collapsed, blocks on lines of their own. */

/** Parts joined at once; millions of small strings in one list would cost more than their characters. */
const batch = 20_000;

export class PlainText {
  private parts: string[] = [];
  private readonly joined: string[] = [];
  private started = false;
  /** Line ends owed before the next character. */
  private breaks = 0;
  private gap: '' | ' ' | '\t' = '';

  /** Text whose runs of white space count as one space. */
  flow(text: string): void {
    const collapsed = text.replace(/\s+/g, ' ');
    if (collapsed.startsWith(' ')) this.space();
    const words = collapsed.trim();
    if (words === '') return;
    this.append(words);
    if (collapsed.endsWith(' ')) this.space();
  }

  /** Text that is kept to the character. */
  verbatim(text: string): void {
    if (text !== '') this.append(text);
  }

  space(): void {
    if (this.gap === '' && this.breaks === 0) this.gap = ' ';
  }

  tab(): void {
    if (this.breaks === 0) this.gap = '\t';
  }

  /** At least `lines` line ends before what follows: 1 ends a line, 2 leaves one empty. */
  block(lines: 1 | 2): void {
    this.breaks = Math.max(this.breaks, lines);
    this.gap = '';
  }

  /** One line end more; two in a row leave a line empty, further ones add nothing. */
  newline(): void {
    this.breaks = Math.min(2, this.breaks + 1);
    this.gap = '';
  }

  toString(): string {
    return this.joined.join('') + this.parts.join('');
  }

  private append(text: string): void {
    if (this.started && this.breaks > 0) this.parts.push('\n'.repeat(this.breaks));
    else if (this.started && this.gap !== '') this.parts.push(this.gap);
    this.parts.push(text);
    this.started = true;
    this.breaks = 0;
    this.gap = '';
    if (this.parts.length > batch) {
      this.joined.push(this.parts.join(''));
      this.parts = [];
    }
  }
}
