/** Sentences about time by length. */
import { count, duration, times } from '../format';
import type { GrowthFit } from '../../exports/growth';

const raised = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** As 1.22·10⁻⁴. */
export function power(value: number): string {
  const [digits = '', exponent = '0'] = value.toExponential(2).split('e');
  const above = String(Math.abs(Number(exponent))).replaceAll(/\d/g, (digit) => raised[Number(digit)] ?? '');
  return Number(exponent) === 0 ? digits : `${digits}·10${Number(exponent) < 0 ? '⁻' : ''}${above}`;
}

export const scalingTexts = {
  title: 'How does it grow?',
  open: 'Time by length',
  intro:
    'Runs the same text at several lengths, dense and sparse, with the pattern that is set, and draws both curves. Only the time to the first token is taken.',
  lengths: 'Lengths in tokens',
  source: 'Text',
  sample: 'A generated report of any length',
  document: 'The document on this page, cut to each length',
  patience: 'Leave dense out where it is expected to take more than',
  seconds: 'seconds',
  start: 'Run these lengths',
  cancel: 'Stop',
  none: 'Choose one length at least.',
  noDocument: 'There is no document on this page.',
  progress: (length: number, lengths: number, tokens: number, lane: string) =>
    `Length ${length} of ${lengths}: ${count(tokens)} tokens, ${lane}`,
  bar: 'Lengths run',
  chart: 'Time to first token by prompt length',
  table: 'Times by prompt length as a table',
  x: 'Prompt tokens',
  y: 'Time to first token, seconds',
  dense: 'Dense',
  fit: 'fit',
  projected: 'projected',
  tokens: 'Tokens',
  ratio: 'Dense over sparse',
  density: 'Density',
  projectedCell: (ms: number) => `${duration(ms)} projected`,
  ratioCell: (ratio: number, projected: boolean) => `${times(ratio)}${projected ? ' projected' : ''}`,
  legend:
    'Points are measured. Lines are fits: solid over the measured lengths, dashed beyond them. What is projected was not run.',
  fitted: (lane: string, { constant, linear, quadratic, error, points }: GrowthFit) =>
    `${lane}: ${[
      constant > 0 ? duration(constant) : '',
      linear > 0 ? `${power(linear)} ms · n` : '',
      quadratic > 0 ? `${power(quadratic)} ms · n²` : '',
    ]
      .filter((term) => term !== '')
      .join(' + ')}, off by ${(error * 100).toFixed(1)}% on average over ${points} points`,
  unfitted: (lane: string) => `${lane}: one length has any growth; choose more for a fit`,
  even: {
    always: 'Sparse was faster at every length, by the fits.',
    never: 'Sparse was slower at every length, by the fits: try longer ones.',
    from: (tokens: number) =>
      `By the fits, sparse is faster from about ${count(Math.round(tokens))} tokens on.`,
    same: 'Nothing was skipped at these lengths: both lanes did the same work.',
  },
  json: 'JSON',
  csv: 'CSV',
  file: 'minference-lengths',
  on: (text: string, adapter: string, model: string) => `${text}; ${model} on ${adapter}`,
};
