/** Runs as a table for spreadsheets: one row for each lane of each run, RFC 4180. */
import type { RunResult } from '../engine/types';
import type { FinishedRun } from '../storage/savedRun';
import { settingsText } from './settingsText';

type Cell = string | number | boolean | null;
type Column = [name: string, cell: (run: FinishedRun, lane: RunResult) => Cell];

const columns: readonly Column[] = [
  ['run', ({ id }) => id],
  ['name', ({ name }) => name],
  ['document', ({ title }) => title],
  ['date', ({ result }) => result.date],
  ['commit', ({ result }) => result.commit],
  ['adapter', ({ result }) => result.adapter.description],
  ['software_adapter', ({ result }) => result.adapter.software],
  ['tier', ({ result }) => result.adapter.tier],
  ['attention_tier', ({ result }) => result.adapter.attentionTier ?? result.adapter.tier],
  ['model', ({ result }) => result.model.id],
  ['prompt_tokens', ({ result }) => result.prompt.tokens],
  ['truncated', ({ result }) => result.prompt.truncated],
  ['question', ({ result }) => result.request.question],
  ['order', ({ result }) => result.request.order],
  ['temperature', ({ result }) => result.request.sampling.temperature],
  ['top_p', ({ result }) => result.request.sampling.topP],
  ['seed', ({ result }) => result.request.sampling.seed],
  ['max_new_tokens', ({ result }) => result.request.maxNewTokens],
  ['pattern', (_, lane) => lane.pattern],
  ['settings', (_, lane) => settingsText(lane.settings)],
  ['note', (_, lane) => lane.note ?? ''],
  ['past_tokens', (_, lane) => lane.pastTokens],
  ['reused', (_, lane) => lane.reused === true],
  ['ttft_ms', (_, lane) => lane.ttftMs],
  ['prefill_ms', (_, lane) => lane.prefillMs],
  ['decode_ms', (_, lane) => lane.decodeMs],
  ['tokens_per_second', (_, lane) => lane.tokensPerSecond],
  ['attention_ms', (_, lane) => lane.phasesMs?.attention ?? null],
  ['estimate_ms', (_, lane) => lane.phasesMs?.estimate ?? null],
  ['index_ms', (_, lane) => lane.phasesMs?.index ?? null],
  ['projections_ms', (_, lane) => lane.phasesMs?.projections ?? null],
  ['mlp_ms', (_, lane) => lane.phasesMs?.mlp ?? null],
  ['head_ms', (_, lane) => lane.phasesMs?.head ?? null],
  ['density', (_, lane) => lane.density],
  ['dense_heads', (_, lane) => lane.denseHeads],
  ['total_heads', (_, lane) => lane.totalHeads],
  ['peak_bytes', (_, lane) => lane.peakBytes],
  ['speedup_ttft', ({ result }, lane) => (lane.pattern === 'dense' ? null : (result.speedup?.ttft ?? null))],
  [
    'speedup_attention',
    ({ result }, lane) => (lane.pattern === 'dense' ? null : (result.speedup?.attention ?? null)),
  ],
  // Projected figures have columns of their own, so that no table mixes them with measured ones.
  [
    'dense_projected_ttft_ms',
    ({ result }, lane) => (lane.pattern === 'dense' ? null : (result.projected?.ttftMs ?? null)),
  ],
  [
    'dense_projected_attention_ms',
    ({ result }, lane) => (lane.pattern === 'dense' ? null : (result.projected?.attentionMs ?? null)),
  ],
  [
    'projected_speedup_ttft',
    ({ result }, lane) => (lane.pattern === 'dense' ? null : (result.projected?.ratio.ttft ?? null)),
  ],
  [
    'projected_speedup_attention',
    ({ result }, lane) => (lane.pattern === 'dense' ? null : (result.projected?.ratio.attention ?? null)),
  ],
  ['kl', ({ result }, lane) => (lane.pattern === 'dense' ? null : (result.fidelity?.kl ?? null))],
  [
    'top1_agree',
    ({ result }, lane) => (lane.pattern === 'dense' ? null : (result.fidelity?.top1Agree ?? null)),
  ],
  ['stop_reason', (_, lane) => lane.stopReason],
  ['answer', (_, lane) => lane.answer],
];

export function runsCsv(runs: readonly FinishedRun[]): string {
  const rows = runs.flatMap((run) =>
    run.result.runs.map((lane) => columns.map(([, cell]) => cellText(cell(run, lane)))),
  );
  return [columns.map(([name]) => name), ...rows].map((cells) => `${cells.join(',')}\r\n`).join('');
}

function cellText(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  // A spreadsheet takes such a text for a formula; a document or a model may have written it.
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
