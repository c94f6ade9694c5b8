/** What was measured, as a table and as JSON. */
import { textTable, type Table } from '../../app/engine/bench/report';
import type { AdapterReport } from '../../app/engine/types';
import type { Variant } from './graph';
import type { Options } from './options';
import type { OurMeasurement } from './ours';
import { median, type PeerMeasurement } from './theirs';

export interface LengthResult {
  tokens: number;
  ours: OurMeasurement | null;
  theirs: PeerMeasurement[];
  /** Our tokens per second over theirs. None for attention alone: theirs is wall time, ours GPU time in a prefill. */
  ratios: Partial<Record<Variant, number>>;
}

export interface PeersResult {
  version: 1;
  /** ISO 8601. */
  date: string;
  browser: string;
  /** Switches with which the browser was started. */
  flags: readonly string[];
  software: boolean;
  options: Omit<Options, 'ort' | 'out'>;
  /** Type of their activations and, but for int4, weights. */
  float: 'f16' | 'f32';
  ours: { adapter: AdapterReport; commit: string } | null;
  theirs: { package: 'onnxruntime-web'; version: string; build: string; features: string[] } | null;
  lengths: LengthResult[];
}

export function ratiosOf(
  ours: OurMeasurement | null,
  theirs: readonly PeerMeasurement[],
): LengthResult['ratios'] {
  const ratios: LengthResult['ratios'] = {};
  for (const { variant, best } of theirs) {
    if (ours && best && variant !== 'attention')
      ratios[variant] = ours.tokensPerSecond / best.tokensPerSecond;
  }
  return ratios;
}

const whole = (value: number): string =>
  new Intl.NumberFormat('en', { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);

function configurationText({ best, trials }: PeerMeasurement): string {
  if (!best) return trials.at(-1)?.failed ?? 'not measured';
  const { mode, packed, accuracy } = best.configuration;
  const level = accuracy === undefined ? '' : `, accuracy level ${accuracy}`;
  return `${mode}${packed ? ', packed' : ''}${level}`;
}

function tableOf(result: PeersResult): Table {
  const { lengths, float, software } = result;
  const adapter = result.ours?.adapter;
  const name = adapter ? `${adapter.vendor} ${adapter.description}, our tier ${adapter.tier}` : 'adapter';
  const labels = {
    f16: `onnxruntime-web ${float}`,
    int4: 'onnxruntime-web int4',
    attention: 'onnxruntime-web, attention alone',
  };
  const rows = lengths.flatMap(({ tokens, ours, theirs, ratios }) => {
    const line = (engine: string, ms: number, rate: string, ratio: number | undefined, how: string) => [
      whole(tokens),
      engine,
      ms.toFixed(2),
      rate,
      ratio === undefined ? '–' : `${ratio.toFixed(2)}×`,
      how,
    ];
    const attention = ours?.attentionSamples ?? [];
    const lines: string[][] = [];
    if (ours) lines.push(line('ours', ours.ms, whole(ours.tokensPerSecond), undefined, 'dense prefill'));
    if (attention.length > 0)
      lines.push(
        line('ours, attention of a layer', median(attention), '–', undefined, 'GPU time in the prefill'),
      );
    for (const peer of theirs) {
      const rate = peer.best && peer.variant !== 'attention' ? whole(peer.best.tokensPerSecond) : '–';
      const ms = peer.best?.ms ?? NaN;
      lines.push(line(labels[peer.variant], ms, rate, ratios[peer.variant], configurationText(peer)));
    }
    return lines;
  });
  const note = software ? '; software adapter, times are not performance' : '';
  const version = result.theirs ? `, onnxruntime-web ${result.theirs.version}` : '';
  return {
    title: `${result.options.shapeName}, ${result.options.shape.layers} layers: ${name}${version}${note}`,
    columns: ['Tokens', 'Engine', 'ms', 'Tokens/s', 'Ours over it', 'How'],
    rows,
  };
}

export function reportText(result: PeersResult): string {
  return textTable(tableOf(result));
}
