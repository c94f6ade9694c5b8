/** The Hugging Face Hub: what a repository holds, and its files. A token goes to huggingface.co alone and is never stored. */
import * as v from 'valibot';
import { UserError } from '../errors';
import { isPage, missing, streamOf, tryFetch, type ModelFiles } from './files';

export interface HubSource {
  id: string;
  /** Branch, tag or commit; 'main' where absent. */
  revision?: string;
  token?: string;
}

export interface HubFile {
  name: string;
  /** Bytes. */
  size: number;
  /** Lower-case hex; the Hub states it for files in large-file storage, which all weights are. */
  sha256: string | null;
}

export interface HubListing {
  /** Commit that the revision stands for now: files asked for by it can't change under a download. */
  commit: string;
  /** The files of it that a model here is loaded from. */
  files: HubFile[];
}

const hub = 'https://huggingface.co';
const hubId = /^[\w.-]+\/[\w.-]+$/;

/** Small files that a model may have. */
const sideFiles: ReadonlySet<string> = new Set([
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
]);
const indexName = 'model.safetensors.index.json';

export function checkHubId({ id, revision = 'main' }: HubSource): void {
  if (!hubId.test(id) || id.includes('..') || !/^[\w./-]+$/.test(revision) || revision.includes('..')) {
    throw new UserError(
      'not-found',
      `'${id}' is not a Hub model id.`,
      "Write it as owner/name, for example 'Qwen/Qwen2.5-0.5B-Instruct'.",
    );
  }
}

export function hubHeaders({ token }: HubSource): Record<string, string> {
  return token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
}

export function hubUrl(id: string, revision: string, name: string): string {
  return `${hub}/${id}/resolve/${encodeURIComponent(revision)}/${name}`;
}

/** What an answer other than success means, in words; `exists` when the Hub has listed the repository before. */
export function hubRefusal(
  response: Response,
  { id, token }: HubSource,
  name: string,
  exists = false,
): UserError {
  // The Hub answers 401 for what does not exist as well as for what is gated, unless a token is sent.
  if (response.status === 401 || response.status === 403) {
    const refused = token !== undefined && token !== '';
    return new UserError(
      'gated',
      refused
        ? `The Hub does not let this token read ${id}.`
        : `${id} ${exists ? 'is gated: it' : 'does not exist, is private or'} asks for its licence to be accepted first.`,
      refused
        ? 'Check that the token is whole and may read gated repositories, and that its account has accepted the licence on huggingface.co.'
        : `${exists ? 'Accept' : 'Check the id; for a gated model, accept'} its licence on huggingface.co and give an access token (kept in memory only).`,
      `${response.status} for ${name}`,
    );
  }
  if (response.status === 404) return missing(id, name);
  return new UserError(
    'no-network',
    `The Hub answered ${response.status} for ${name} of ${id}.`,
    'Try again later.',
  );
}

const Listing = v.object({
  sha: v.pipe(v.string(), v.regex(/^[0-9a-f]{7,64}$/)),
  siblings: v.array(
    v.object({
      rfilename: v.string(),
      size: v.optional(v.nullable(v.number())),
      lfs: v.optional(v.nullable(v.object({ sha256: v.optional(v.string()), size: v.optional(v.number()) }))),
    }),
  ),
});

/** Throws 'not-found' unless the repository has a config and weights; 'gated' and 'no-network' as the Hub answers. */
export async function hubListing(source: HubSource, signal: AbortSignal): Promise<HubListing> {
  checkHubId(source);
  const { id, revision = 'main' } = source;
  // https://huggingface.co/docs/hub/api: `blobs` adds sizes and checksums.
  const url = `${hub}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const response = await tryFetch(url, signal, hubHeaders(source));
  if (!response.ok) throw hubRefusal(response, source, 'config.json');
  const parsed = v.safeParse(Listing, await response.json().catch(() => null));
  if (!parsed.success) {
    throw new UserError('no-network', `The Hub's list of files of ${id} is unreadable.`, 'Try again later.');
  }
  const { sha, siblings } = parsed.output;
  const names = new Set(siblings.map((file) => file.rfilename));
  const weights = names.has(indexName)
    ? /^(model\.safetensors\.index\.json|[\w.-]+-\d+-of-\d+\.safetensors)$/
    : /^model\.safetensors$/;
  const files = siblings
    .filter(({ rfilename }) => sideFiles.has(rfilename) || weights.test(rfilename))
    .map(({ rfilename, size, lfs }): HubFile => {
      const bytes = lfs?.size ?? size ?? null;
      const sha256 = lfs?.sha256?.toLowerCase() ?? null;
      if (bytes === null || (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)))
        throw new UserError(
          'no-network',
          `The Hub does not say how large ${rfilename} of ${id} is.`,
          'Try again later.',
        );
      return { name: rfilename, size: bytes, sha256 };
    });
  for (const name of ['config.json', 'tokenizer.json']) if (!names.has(name)) throw missing(id, name);
  if (!files.some(({ name }) => name.endsWith('.safetensors'))) throw missing(id, 'model.safetensors');
  return { commit: sha, files };
}

/** Files of a Hub repository, streamed and not kept. */
export function hubFiles(id: string, revision = 'main', token?: string): ModelFiles {
  const source: HubSource = token === undefined ? { id, revision } : { id, revision, token };
  checkHubId(source);
  const get = async (name: string, signal: AbortSignal): Promise<Response> =>
    tryFetch(hubUrl(id, revision, name), signal, hubHeaders(source));
  const check = (response: Response, name: string): Response => {
    if (response.ok && !isPage(response, name)) return response;
    throw response.ok ? missing(id, name) : hubRefusal(response, source, name);
  };
  return {
    id,
    text: async (name, signal) => {
      const response = await get(name, signal);
      // config.json is asked for first: with it missing, the repository is no model and says so.
      if (response.status === 404 && name !== 'config.json') return null;
      return check(response, name).text();
    },
    stream: async (name, signal) => streamOf(check(await get(name, signal), name), id, name),
  };
}
