/** For tests: a Hub of one repository that answers `fetch`, with ranges, ETags, gates and broken connections. */
import { createHash } from 'node:crypto';

export interface FakeHub {
  fetch: typeof fetch;
  /** 'GET path' or 'GET path from N', in order. */
  asked: string[];
  commit: string;
  /** Body bytes after which the connection breaks, used up by the first answer that is longer. */
  breakAfter: number | null;
  /** Runs when that many bytes of a body were delivered. */
  onBytes: (path: string, delivered: number) => void;
  /** Token that is asked for, if any. */
  token: string | null;
  ranges: boolean;
  files: Map<string, Uint8Array<ArrayBuffer>>;
  /** Served instead of what the listing states. */
  served: Map<string, Uint8Array<ArrayBuffer>>;
}

/** Bytes of one piece of a body. */
const piece = 1_000;

export function fakeHub(id: string, files: Record<string, string | Uint8Array<ArrayBuffer>>): FakeHub {
  const encoder = new TextEncoder();
  const hub: FakeHub = {
    asked: [],
    commit: 'c0ffee00',
    breakAfter: null,
    onBytes: () => undefined,
    token: null,
    ranges: true,
    files: new Map(
      Object.entries(files).map(([name, data]) => [
        name,
        typeof data === 'string' ? encoder.encode(data) : data,
      ]),
    ),
    served: new Map(),
    fetch: (input, init) => {
      const url = new URL(input as string);
      const headers = new Headers(init?.headers);
      const range = /^bytes=(\d+)-$/.exec(headers.get('range') ?? '');
      hub.asked.push(range ? `${url.pathname} from ${range[1] ?? ''}` : url.pathname);
      if (url.pathname === `/api/models/${id}/revision/main`) return Promise.resolve(listing(hub));
      if (hub.token !== null && headers.get('authorization') !== `Bearer ${hub.token}`)
        return Promise.resolve(new Response('gated', { status: 401 }));
      const name = url.pathname.split('/').at(-1) ?? '';
      const data = url.pathname.startsWith(`/${id}/resolve/`)
        ? (hub.served.get(name) ?? hub.files.get(name))
        : undefined;
      if (!data) return Promise.resolve(new Response('no', { status: 404 }));
      const from = range && hub.ranges ? Number(range[1]) : 0;
      return Promise.resolve(
        new Response(body(hub, name, data.subarray(from), init?.signal ?? null), {
          status: range && hub.ranges ? 206 : 200,
          headers: {
            etag: `"${hashOf(data).slice(0, 8)}"`,
            ...(range &&
              hub.ranges && { 'content-range': `bytes ${from}-${data.length - 1}/${data.length}` }),
          },
        }),
      );
    },
  };
  return hub;
}

export function hashOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function listing(hub: FakeHub): Response {
  const siblings = [...hub.files].map(([rfilename, data]) => ({
    rfilename,
    size: data.length,
    lfs: rfilename.endsWith('.safetensors') ? { sha256: hashOf(data), size: data.length } : undefined,
  }));
  return Response.json({ sha: hub.commit, siblings });
}

function body(
  hub: FakeHub,
  path: string,
  data: Uint8Array<ArrayBuffer>,
  signal: AbortSignal | null,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (signal?.aborted) {
        controller.error(signal.reason);
        return;
      }
      if (hub.breakAfter !== null && at >= hub.breakAfter) {
        hub.breakAfter = null;
        controller.error(new TypeError('network error'));
        return;
      }
      if (at >= data.length) {
        controller.close();
        return;
      }
      controller.enqueue(data.slice(at, at + piece));
      at += piece;
      hub.onBytes(path, Math.min(at, data.length));
    },
  });
}
