/** Numbers of things in words, for the page and for sentences that are made below it. */
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 12,345 */
export function count(value: number): string {
  return whole.format(value);
}

/** 412 tokens, 1 token. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
