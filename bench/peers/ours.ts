/** This engine at a length, through the page's own call: a dense prefill of the shape with random weights. */
import type { Page } from 'playwright';
import type { BenchResult } from '../../app/engine/bench/types';
import type { ErrorReport } from '../../app/errors';
import { CliError } from '../../cli/arguments';
import type { Options } from './options';
import { median } from './theirs';

export interface OurMeasurement {
  /** Wall time of each run until the GPU had the logits, ms. */
  samples: number[];
  ms: number;
  tokensPerSecond: number;
  /** GPU time of one layer's attention in each run, ms; empty without timestamp queries. */
  attentionSamples: number[];
}

/** A finished measurement, with the times of `before` at the same length. */
export function merged(before: OurMeasurement | null, more: OurMeasurement, tokens: number): OurMeasurement {
  const samples = [...(before?.samples ?? []), ...more.samples];
  const ms = median(samples);
  const attentionSamples = [...(before?.attentionSamples ?? []), ...more.attentionSamples];
  return { samples, ms, tokensPerSecond: (1000 * tokens) / ms, attentionSamples };
}

type Outcome = { ok: true; value: BenchResult } | { ok: false; error: ErrorReport };

export async function measureOurs(
  page: Page,
  { shape, shapeName, repeat, seed }: Options,
  tokens: number,
): Promise<{ measurement: OurMeasurement; result: BenchResult }> {
  const outcome = await page.evaluate(
    async (request): Promise<Outcome> => {
      try {
        return { ok: true, value: await window.playground.bench(request) };
      } catch (error) {
        const report = (error as { report?: ErrorReport }).report;
        return { ok: false, error: report ?? { code: 'internal', sentence: String(error), remedy: '' } };
      }
    },
    {
      suite: 'prefill' as const,
      model: { kind: 'synthetic' as const, name: shapeName, shape, seed },
      tokens: [tokens],
      patterns: [{ name: 'dense' as const, set: {} }],
      repeat,
      denseUpTo: null,
      seed,
    },
  );
  if (!outcome.ok) {
    const { code, sentence, remedy } = outcome.error;
    throw new CliError(`${sentence} ${remedy}`.trim(), code === 'bad-setting' ? 2 : 1);
  }
  const result = outcome.value;
  if (result.suite !== 'prefill') throw new CliError('the page measured something else', 1);
  const [measured] = result.measurements;
  if (!measured) throw new CliError(result.notRun[0]?.reason ?? `${tokens} tokens were not measured`, 1);
  const samples = measured.samples.map(({ prefillMs }) => prefillMs);
  const attentionSamples = measured.samples.flatMap(({ phasesMs }) =>
    phasesMs ? [phasesMs.attention / shape.layers] : [],
  );
  const ms = median(samples);
  return { measurement: { samples, ms, tokensPerSecond: (1000 * tokens) / ms, attentionSamples }, result };
}
