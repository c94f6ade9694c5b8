/** The run that is going on and those that are finished. A failure or a cancel takes away neither kind. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { toReport, type ErrorReport } from '../errors';
import type { CompareRequest, CompareResult, RunProgress, RunResult } from '../engine/types';
import { fingerprint } from '../storage/fingerprint';
import type { FinishedRun } from '../storage/savedRun';
import type { Lane, Playground, PlaygroundEvent } from '../playground';
import { checkContent, type DocumentStore } from './document';
import { keepFields, promptOf } from './keeping';
import type { ModelStore } from './model';
import { inPageWords, settingsRefusal } from './refusals';
import { requestSettings, type SettingsStore } from './settings';

export interface LaneState {
  lane: Lane;
  progress: RunProgress | null;
  /** When that progress came, by `performance.now()`, so that the clock can tick on between two reports. */
  receivedAt: number;
  answer: string;
  result: RunResult | null;
}

export interface ActiveRun {
  status: 'running' | 'cancelling' | 'cancelled' | 'failed';
  title: string;
  expected: string | null;
  question: string;
  /** Its text; null where the prompt is token ids. */
  document: string | null;
  /** Prompt tokens at most, as set. */
  context: number | null;
  request: Omit<CompareRequest, 'prompt'>;
  /** In the order in which they run. */
  lanes: readonly LaneState[];
  /** Of a further question. */
  following: Following | null;
}

/** The run that a further question follows, and their conversation. */
export interface Following {
  run: string;
  conversation: string;
}

export type { FinishedRun } from '../storage/savedRun';

export interface RunState {
  active: ActiveRun | null;
  /** Newest first. */
  finished: readonly FinishedRun[];
  /** Which finished run is on screen; null shows the active one. */
  shown: string | null;
  /** A second one to compare it with. */
  beside: string | null;
  error: ErrorReport | null;
  /** Said to screen readers: stages, never tokens. */
  announcement: string;
  /** What the next run to start follows, if it is a further question. */
  following: Following | null;
}

export type RunStore = StoreApi<RunState>;

/** Answers and progress come by the dozen a second; the page is told this often. */
const flushMs = 80;

export function isRunning(state: RunState): boolean {
  return state.active?.status === 'running' || state.active?.status === 'cancelling';
}

export function lanesOf(request: Omit<CompareRequest, 'prompt'>): Lane[] {
  if (request.pattern.name === 'dense') return ['dense'];
  if (request.dense !== true) return ['sparse'];
  return request.order === 'dense-first' ? ['dense', 'sparse'] : ['sparse', 'dense'];
}

export function createRunStore(playground: Playground, document: DocumentStore): RunStore {
  const store = createStore<RunState>(() => ({
    active: null,
    finished: [],
    shown: null,
    beside: null,
    error: null,
    announcement: '',
    following: null,
  }));
  const batch = new LaneBatch(store);
  playground.subscribe((event) => {
    reduce(store, batch, document, event);
  });
  return store;
}

function reduce(store: RunStore, batch: LaneBatch, document: DocumentStore, event: PlaygroundEvent): void {
  switch (event.type) {
    case 'run-started':
      store.setState((state) => started(event.request, document, state.following));
      return;
    case 'run-progress':
      announceStage(store, event.progress);
      batch.change(event.progress.lane, (lane) => ({
        ...lane,
        progress: event.progress,
        receivedAt: performance.now(),
      }));
      return;
    case 'answer':
      batch.change(event.lane, (lane) => ({ ...lane, answer: lane.answer + event.text }));
      return;
    case 'lane-done':
      batch.change(event.lane, (lane) => ({ ...lane, result: event.run, answer: event.run.answer }));
      batch.flush();
      return;
    case 'run-cancelling':
      store.setState(({ active }) => ({ active: active && { ...active, status: 'cancelling' } }));
      return;
    case 'run-done':
      batch.flush();
      store.setState((state) => finish(state, event.result));
      return;
    case 'run-cancelled':
      batch.flush();
      store.setState(({ active }) => ({
        ...stopped(active, 'cancelled'),
        announcement: 'Run cancelled.',
      }));
      return;
    case 'run-failed':
      batch.flush();
      store.setState(({ active }) => ({
        ...stopped(active, 'failed'),
        // A further question's error stands where it was asked.
        error: active?.following ? null : inPageWords(event.error, active?.request.pattern.name ?? ''),
        announcement: '',
      }));
      return;
    default:
  }
}

/** A further question that came to nothing leaves its conversation on screen; another run shows how far it came. */
function stopped(active: ActiveRun | null, status: 'cancelled' | 'failed'): Partial<RunState> {
  if (active?.following) return { active: null, shown: active.following.run };
  return { active: active && { ...active, status } };
}

function started(
  request: CompareRequest,
  document: DocumentStore,
  following: Following | null,
): Partial<RunState> {
  const { title, text, question, expected } = document.getState();
  const { prompt, ...settings } = request;
  // A script may run a document that is not the one on the page.
  const ours = prompt.document === text;
  return {
    active: {
      status: 'running',
      title: ours && title !== '' ? title : firstWords(prompt.document),
      expected: ours && prompt.question === question ? expected : null,
      question: prompt.question,
      document: prompt.ids === undefined ? prompt.document : null,
      context: prompt.tokens ?? null,
      request: settings,
      lanes: lanesOf(settings).map((lane) => ({
        lane,
        progress: null,
        receivedAt: 0,
        answer: '',
        result: null,
      })),
      following,
    },
    following: null,
    shown: null,
    beside: null,
    error: null,
    announcement: 'Run started.',
  };
}

function firstWords(text: string): string {
  const words = text.slice(0, 200).trim().split(/\s+/).slice(0, 6).join(' ');
  return words === '' ? 'Token ids' : words;
}

function finish(state: RunState, result: CompareResult): Partial<RunState> {
  const { title = '', expected = null, context = null, document = null, following } = state.active ?? {};
  const run: FinishedRun = {
    id: newRunId(),
    name: '',
    title,
    expected,
    pinned: false,
    context,
    document: document === null ? null : fingerprint(document),
    ...(following && { conversation: following.conversation }),
    result,
  };
  return {
    active: null,
    finished: [run, ...state.finished],
    shown: run.id,
    beside: null,
    announcement: 'Run finished.',
  };
}

/** Pinned ones first. */
export function inListOrder(finished: readonly FinishedRun[]): FinishedRun[] {
  return [...finished.filter((run) => run.pinned), ...finished.filter((run) => !run.pinned)];
}

/** Not `crypto.randomUUID`, which insecure origins lack: runs can be imported there, though none can be made. */
export function newRunId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function announceStage(store: RunStore, { lane, stage }: RunProgress): void {
  const before = store.getState().active?.lanes.find((other) => other.lane === lane)?.progress?.stage;
  if (before === stage) return;
  const what = {
    warmup: 'warming up',
    prefill: 'reading the prompt',
    decode: 'writing its answer',
    measure: 'measuring its heads',
    project: 'done; dense is being projected from a sample',
  }[stage];
  store.setState({ announcement: `${lane === 'dense' ? 'Dense' : 'Sparse'} run is ${what}.` });
}

/** Collects changes of lanes and applies them together. */
class LaneBatch {
  private changes = new Map<Lane, ((lane: LaneState) => LaneState)[]>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly store: RunStore) {}

  change(lane: Lane, apply: (lane: LaneState) => LaneState): void {
    this.changes.set(lane, [...(this.changes.get(lane) ?? []), apply]);
    this.timer ??= setTimeout(() => {
      this.flush();
    }, flushMs);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { changes } = this;
    this.changes = new Map();
    this.store.setState(({ active }) => ({
      active: active && {
        ...active,
        lanes: active.lanes.map((lane) =>
          (changes.get(lane.lane) ?? []).reduce((state, apply) => apply(state), lane),
        ),
      },
    }));
  }
}

export function runActions(
  store: RunStore,
  playground: Playground,
  document: DocumentStore,
  settings: SettingsStore,
  model: ModelStore,
) {
  return {
    async run(): Promise<void> {
      if (isRunning(store.getState())) return;
      const content = document.getState();
      const refusal = checkContent(content);
      if (refusal) {
        store.setState({ error: refusal.report() });
        return;
      }
      const chosen = settings.getState();
      const refused = settingsRefusal(chosen);
      if (refused) {
        store.setState({ error: refused });
        return;
      }
      const { adapter, model: loaded } = model.getState();
      try {
        await playground.compare({
          ...requestSettings(chosen),
          ...keepFields(chosen, adapter, loaded),
          // What is asked here is timed from the beginning, whatever was kept.
          wholePrompt: true,
          prompt: promptOf(content.text, content.question, chosen),
        });
      } catch (error) {
        // Told by event already, unless it never began.
        if (store.getState().active === null)
          store.setState({ error: inPageWords(toReport(error), chosen.pattern) });
      }
    },
    cancel: (): void => {
      playground.cancel();
    },
    show: (id: string): void => {
      store.setState({ shown: id, beside: null });
    },
    /** The next run down (1) or up (-1) the list. */
    step(by: 1 | -1): void {
      const { finished, shown } = store.getState();
      const listed = inListOrder(finished);
      const next = listed[listed.findIndex((run) => run.id === shown) + by];
      if (next && !isRunning(store.getState())) store.setState({ shown: next.id, beside: null });
    },
    /** Side by side with the run on screen; null ends it. */
    compareWith: (id: string | null): void => {
      store.setState({ beside: id });
    },
    dismissError: (): void => {
      store.setState({ error: null });
    },
  };
}
