/**
 * `window.playground` by messages, for a page of another origin around this frame. Only the window that holds the frame
 * is heard, and only from the one origin that the frame's address names; answers go to that origin and no other.
 */
import type { ErrorReport } from '../errors';
import { isAbort, toReport } from '../errors';
import type { PublicPlayground } from '../playground';
import {
  idOf,
  isForPlayground,
  parseCall,
  protocolVersion,
  type FrameMessage,
  type HostCall,
} from './protocol';

/** What the bridge needs of the two windows; tests give stand-ins. */
export interface BridgeEnds {
  /** The frame's own window. */
  frame: {
    addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
    removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  };
  /** The window that holds the frame. */
  host: { postMessage(message: FrameMessage, origin: string): void };
  /** The only origin that is heard and answered. */
  origin: string;
}

/** The `origin` of the frame's address, by default this page's own; null where it names none. */
export function hostOrigin(parameter: string | null, own: string): string | null {
  if (parameter === null) return own;
  try {
    const { origin } = new URL(parameter);
    // Files and sandboxes have no origin that could be told from another's.
    return origin === 'null' ? null : origin;
  } catch {
    return null;
  }
}

/** Hears until the returned function is called. Tells the host `ready` at once. */
export function serveMessages(playground: PublicPlayground, { frame, host, origin }: BridgeEnds): () => void {
  type Body<T> = T extends { playground: unknown } ? Omit<T, 'playground'> : never;
  const send = (message: Body<FrameMessage>): void => {
    host.postMessage({ playground: protocolVersion, ...message }, origin);
  };
  const onMessage = ({ source, origin: sender, data }: MessageEvent<unknown>): void => {
    if (source !== host || sender !== origin || !isForPlayground(data)) return;
    let call: HostCall;
    try {
      call = parseCall(data);
    } catch (error) {
      send({ type: 'error', id: idOf(data), error: toReport(error) });
      return;
    }
    const { id } = call;
    answer(playground, call, send).then(
      (result) => {
        send({ type: 'result', id, result });
      },
      (error: unknown) => {
        if (isAbort(error)) send({ type: 'cancelled', id });
        else send({ type: 'error', id, error: reportOf(error) });
      },
    );
  };
  frame.addEventListener('message', onMessage);
  send({ type: 'ready', version: playground.version });
  return () => {
    frame.removeEventListener('message', onMessage);
  };
}

type Result = Extract<FrameMessage, { type: 'result' }>['result'];
type Progress = Extract<FrameMessage, { type: 'load-progress' | 'progress' | 'answer' }>;
type ProgressBody = Progress extends infer Each
  ? Each extends Progress
    ? Omit<Each, 'playground'>
    : never
  : never;

async function answer(
  playground: PublicPlayground,
  call: HostCall,
  tell: (message: ProgressBody) => void,
): Promise<Result> {
  const { id } = call;
  switch (call.call) {
    case 'load':
      return playground.load(call.model, {
        onProgress: (progress) => {
          tell({ type: 'load-progress', id, progress });
        },
      });
    case 'compare':
      return playground.compare(call.request, {
        onProgress: (progress) => {
          tell({ type: 'progress', id, progress });
        },
        onAnswer: (lane, text) => {
          tell({ type: 'answer', id, lane, text });
        },
      });
    case 'cancel':
      playground.cancel();
      return null;
    case 'capabilities':
      return playground.capabilities();
  }
}

/** The public calls reject with an Error that carries its report. */
function reportOf(error: unknown): ErrorReport {
  return error instanceof Error && 'report' in error ? (error.report as ErrorReport) : toReport(error);
}
