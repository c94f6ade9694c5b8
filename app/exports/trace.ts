/**
 * A run as Chrome trace events (JSON object format), which ui.perfetto.dev and chrome://tracing open. Each lane has a
 * track of wall time and, where there were timestamp queries, one of GPU phases and one of layers. The engine reports
 * totals, not their hundreds of parts, so these stand end to end; tracks and slices say so.
 */
import type { CompareResult, PhaseName, RunResult } from '../engine/types';
import { settingsText } from './settingsText';

interface MetadataEvent {
  ph: 'M';
  name: 'process_name' | 'thread_name' | 'thread_sort_index';
  pid: number;
  tid: number;
  args: { name: string } | { sort_index: number };
}

interface SliceEvent {
  ph: 'X';
  name: string;
  cat: 'wall' | 'phase-total' | 'layer-total';
  pid: number;
  tid: number;
  /** Microseconds. */
  ts: number;
  dur: number;
  args: Record<string, string | number | boolean>;
}

export interface Trace {
  displayTimeUnit: 'ms';
  otherData: Record<string, string>;
  traceEvents: (MetadataEvent | SliceEvent)[];
}

/** Roughly the order of work within a layer. */
const phases: readonly PhaseName[] = ['projections', 'estimate', 'index', 'attention', 'mlp', 'head'];
const pid = 1;

export function traceOf(result: CompareResult): Trace {
  const { adapter, model, prompt, date, commit, browser } = result;
  const labels = result.runs.map((run) => (run.pattern === 'dense' ? 'Dense' : `Sparse (${run.pattern})`));
  return {
    displayTimeUnit: 'ms',
    otherData: {
      date,
      commit,
      browser,
      adapter: adapter.description,
      model: model.id,
      promptTokens: String(prompt.tokens),
      timing:
        'Lanes ran one after the other; each starts at 0 here. GPU phases and layers are totals laid end to end, not a timeline.' +
        (result.projected
          ? ` Dense was not run and is in no track: ${result.projected.ttftMs.toFixed(0)} ms to the first token are projected from a sample.`
          : '') +
        (adapter.software ? ' Software adapter: these times are not performance.' : ''),
    },
    traceEvents: [
      {
        ph: 'M',
        name: 'process_name',
        pid,
        tid: 0,
        args: { name: `MInference in the browser: ${model.id}, ${prompt.tokens} tokens` },
      },
      ...result.runs.flatMap((run, at) => laneEvents(run, labels[at] ?? run.pattern, 3 * at + 1)),
    ],
  };
}

function laneEvents(run: RunResult, label: string, tid: number): Trace['traceEvents'] {
  const wall = track(tid, `${label}: wall time`);
  const slice = (
    on: number,
    cat: SliceEvent['cat'],
    name: string,
    startMs: number,
    ms: number,
    args: SliceEvent['args'],
  ): SliceEvent => ({ ph: 'X', name, cat, pid, tid: on, ts: startMs * 1000, dur: ms * 1000, args });
  const events = [
    ...wall,
    slice(tid, 'wall', 'to first token', 0, run.ttftMs, {
      prefillMs: run.prefillMs,
      density: run.density,
      ...(run.pastTokens > 0 && { pastTokens: run.pastTokens }),
      settings: settingsText(run.settings),
      ...(run.note !== undefined && { note: run.note }),
    }),
    slice(tid, 'wall', 'answer', run.ttftMs, run.decodeMs, { tokens: run.answerIds.length }),
  ];
  const { phasesMs } = run;
  if (!phasesMs) return events;
  let at = 0;
  const totals = phases.map((name) => {
    const total = slice(tid + 1, 'phase-total', name, at, phasesMs[name], {
      is: 'total of this phase over all layers and chunks',
    });
    at += phasesMs[name];
    return total;
  });
  at = 0;
  const layers = run.layersMs.map((layer, number) => {
    const ms = Object.values(layer).reduce((sum, part) => sum + part, 0);
    const total = slice(tid + 2, 'layer-total', `layer ${number + 1}`, at, ms, { ...layer });
    at += ms;
    return total;
  });
  return [
    ...events,
    ...track(tid + 1, `${label}: GPU phase totals, end to end`),
    ...totals,
    ...(layers.length > 0 ? track(tid + 2, `${label}: GPU layer totals, end to end`) : []),
    ...layers,
  ];
}

function track(tid: number, name: string): MetadataEvent[] {
  return [
    { ph: 'M', name: 'thread_name', pid, tid, args: { name } },
    { ph: 'M', name: 'thread_sort_index', pid, tid, args: { sort_index: tid } },
  ];
}
