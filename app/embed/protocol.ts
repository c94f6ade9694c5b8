/**
 * Messages between the page that holds the frame and the playground in it. Every one carries `playground: 1`, the
 * version, so that other messages of the same window pass by. Answers carry the `id` that their request gave.
 */
import * as v from 'valibot';
import type { AdapterReport, CompareResult, ModelReport, RunProgress } from '../engine/types';
import type { LoadProgress } from '../engine/types';
import { UserError, type ErrorReport } from '../errors';
import { issueText, patternNames } from '../storage/setup';

export const protocolVersion = 1;

const Id = v.union([v.string(), v.number()]);
const Text = v.string();
const Count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** The request of `playground.compare`; what it leaves out is filled in as there. Values are checked by the engine. */
const Compare = v.strictObject({
  prompt: v.strictObject({
    document: v.exactOptional(Text),
    question: v.exactOptional(Text),
    ids: v.exactOptional(v.array(v.pipe(v.number(), v.integer(), v.minValue(0)))),
    tokens: v.exactOptional(Count),
    questionTokens: v.exactOptional(Count),
  }),
  pattern: v.exactOptional(
    v.strictObject({
      name: v.picklist(patternNames),
      set: v.exactOptional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
    }),
  ),
  maxNewTokens: v.exactOptional(Count),
  sampling: v.exactOptional(
    v.strictObject({
      temperature: v.exactOptional(v.number()),
      topP: v.exactOptional(v.number()),
      seed: v.exactOptional(v.number()),
    }),
  ),
  order: v.exactOptional(v.picklist(['dense-first', 'sparse-first'])),
  dense: v.exactOptional(v.union([v.boolean(), v.literal('projected')])),
  keepCache: v.exactOptional(v.boolean()),
  keepLimit: v.exactOptional(v.pipe(v.number(), v.minValue(0))),
  wholePrompt: v.exactOptional(v.boolean()),
  keepQuestion: v.exactOptional(v.boolean()),
  reuseDense: v.exactOptional(v.boolean()),
  measureHeads: v.exactOptional(v.boolean()),
});

const Call = v.variant('call', [
  v.object({ id: Id, call: v.literal('load'), model: v.pipe(Text, v.nonEmpty()) }),
  v.object({ id: Id, call: v.literal('compare'), request: Compare }),
  v.object({ id: Id, call: v.literal('cancel') }),
  v.object({ id: Id, call: v.literal('capabilities') }),
]);

export type HostCall = v.InferOutput<typeof Call>;
export type HostMessage = { playground: typeof protocolVersion } & HostCall;

export type FrameMessage = { playground: typeof protocolVersion } & (
  | { type: 'ready'; version: string }
  | { type: 'load-progress'; id: string | number; progress: LoadProgress }
  | { type: 'progress'; id: string | number; progress: RunProgress }
  | { type: 'answer'; id: string | number; lane: RunProgress['lane']; text: string }
  | { type: 'result'; id: string | number; result: ModelReport | CompareResult | AdapterReport | null }
  | { type: 'cancelled'; id: string | number }
  | { type: 'error'; id: string | number | null; error: ErrorReport }
);

/** null for what is no message to the playground. */
export function isForPlayground(data: unknown): data is { playground: unknown; id?: unknown } {
  return typeof data === 'object' && data !== null && 'playground' in data;
}

/** The id of a message, were it never so wrong otherwise. */
export function idOf(data: { id?: unknown }): string | number | null {
  const { id } = data;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

/** Throws 'bad-setting' naming the field that is wrong. */
export function parseCall(data: { playground: unknown }): HostCall {
  if (data.playground !== protocolVersion)
    throw refusal(`playground: this page speaks version ${protocolVersion}`);
  const parsed = v.safeParse(Call, data);
  if (!parsed.success) throw refusal(issueText(parsed.issues[0]));
  return parsed.output;
}

function refusal(reason: string): UserError {
  return new UserError(
    'bad-setting',
    `The message can’t be understood (${reason}).`,
    'Change that field and send it again; the README lists the messages.',
  );
}
