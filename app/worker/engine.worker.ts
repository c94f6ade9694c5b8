/// <reference lib="webworker" />
/** The worker: messages in, session calls, messages out. Everything slow or large happens on this side. */
import { isAbort, toReport } from '../errors';
import { Session } from '../engine/session';
import { tierIn } from './tier';
import { tierMemory } from '../storage/tiers';
import type { FromWorker, Request, ToWorker } from './protocol';

declare const self: DedicatedWorkerGlobalScope;
declare const __COMMIT__: string;

const running = new Map<number, AbortController>();
let opening: Promise<Session> | null = null;

function send(message: FromWorker): void {
  self.postMessage(message);
}

/** The session, opened at the first need and again after a loss. */
function session(): Promise<Session> {
  opening ??= Session.open({
    // Workers are built into assets/, beside which the public folder's models/ lies one level up.
    builtinBase: new URL(import.meta.env.DEV ? '/models/needle/' : '../models/needle/', import.meta.url).href,
    commit: __COMMIT__,
    browser: navigator.userAgent,
    tier: tierIn(self.name),
    tierMemory,
  }).then(
    (opened) => {
      void opened.lost.then((error) => {
        opening = null;
        send({ type: 'lost', error: error.report() });
      });
      return opened;
    },
    (error: unknown) => {
      opening = null;
      throw error;
    },
  );
  return opening;
}

async function answer(request: Request, signal: AbortSignal): Promise<FromWorker> {
  const { id } = request;
  const engine = await session();
  switch (request.type) {
    case 'capabilities':
      return { type: 'capabilities', id, adapter: engine.capabilities() };
    case 'load': {
      const model = await engine.load(request.source, {
        signal,
        onProgress: (progress) => {
          send({ type: 'load-progress', id, progress });
        },
      });
      return { type: 'loaded', id, model };
    }
    case 'unload':
      engine.unload();
      return { type: 'unloaded', id };
    case 'count': {
      const prompt = engine.count(request.prompt);
      return {
        type: 'counted',
        id,
        document: prompt.documentTokens,
        prompt: prompt.ids.length,
        truncated: prompt.truncated,
      };
    }
    case 'plan':
      return {
        type: 'planned',
        id,
        plan: engine.plan(request.tokens, request.maxNewTokens, request.pattern, request.dense),
      };
    case 'compare': {
      const result = await engine.compare(request.request, {
        signal,
        onProgress: (progress) => {
          send({ type: 'run-progress', id, progress });
        },
        onAnswer: (lane, text) => {
          send({ type: 'answer', id, lane, text });
        },
        onRun: (lane, run) => {
          send({ type: 'run-done', id, lane, run });
        },
      });
      return { type: 'compared', id, result };
    }
    case 'forget':
      engine.forget();
      return { type: 'forgotten', id };
    case 'measure': {
      const heads = await engine.measureHeads(request.request, {
        signal,
        onProgress: (progress) => {
          send({ type: 'run-progress', id, progress });
        },
      });
      return { type: 'measured', id, heads };
    }
    case 'search': {
      const report = await engine.searchHeads(request.input, {
        signal,
        onProgress: (fraction) => {
          send({ type: 'search-progress', id, fraction });
        },
      });
      return { type: 'searched', id, report };
    }
    case 'cancel':
      running.get(request.target)?.abort();
      return { type: 'cancelled', id };
  }
}

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === 'cancel') {
    running.get(data.target)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(data.id, controller);
  void answer(data, controller.signal)
    .then(send, (error: unknown) => {
      send(
        isAbort(error)
          ? { type: 'cancelled', id: data.id }
          : { type: 'failed', id: data.id, error: toReport(error) },
      );
    })
    .finally(() => {
      running.delete(data.id);
    });
});
