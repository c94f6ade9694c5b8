/** Sentences of what is projected. Nothing projected is said without the word. */
import { count, counted, duration, percent, roughly, times } from './format';

export const projectionTexts = {
  choice: 'Dense attention',
  modes: { yes: 'Dense as well', projected: 'Dense projected', no: 'Sparse alone' },
  modeHelp: {
    yes: 'Both runs are measured, one after the other.',
    projected:
      'Dense is not run: a sample of its attention is measured after the sparse run, and its time projected from that. No fidelity then.',
    no: 'Without a dense run there is no speed-up and no fidelity.',
  },
  lane: 'Dense, projected',
  title: 'Dense, projected',
  badge: 'projected, not measured',
  bar: 'Projected from a sample, not measured',
  note: (ms: number) => `Dense: ${duration(ms)} projected from a measured sample, not run.`,
  fact: 'projected, not run',
  factless: 'to be projected, but nothing was',
  stage: (fraction: number) => `a sample of dense attention is being measured, ${percent(fraction)}`,
  /** Beside a button that would otherwise start a long dense run. */
  instead: (estimate: number | null) =>
    `Dense would take ${estimate === null ? 'very long' : roughly(estimate)}, so it is projected, not run. So are those of later runs, until you set ‘Dense as well’ again.`,
  running: 'Dense is not run: a sample of its attention is measured after this, and its time projected.',
  headline: {
    faster: 'faster to the first token than dense is projected to be',
    slower: 'slower to the first token than dense is projected to be',
    even: 'no difference to the first token from dense as projected',
    detail: (sparse: number, dense: number) =>
      `${duration(sparse)} with sparse attention, measured; ${duration(dense)} with dense, projected from a measured sample.`,
  },
  outcome: (ratio: number) => `${times(ratio)} projected`,
  rows: {
    ttft: 'Time to first token, projected',
    attention: 'Attention, projected',
    ratio: 'Projected dense over measured sparse',
    attentionRatio: 'Attention alone, projected over measured',
    sample: 'Measured sample',
    spread: 'Sample off the fit at most',
  },
  /** Layers counted from 0, as everywhere that one is named. */
  sample: (rows: number, layers: readonly number[]) =>
    `${counted(rows, 'row')} of ${layers.length === 1 ? 'layer' : 'layers'} ${layers.map((layer) => count(layer)).join(' and ')}`,
  spread: (share: number) => percent(share),
} as const;
