/**
 * Errors that a person may see. Each carries one sentence that says what happened and one that says what to do,
 * so that every layer above shows the same words. Anything else that is thrown is a defect.
 */
export type ErrorCode =
  | 'no-webgpu'
  | 'no-adapter'
  | 'insecure-context'
  | 'limit-too-small'
  | 'out-of-memory'
  | 'device-lost'
  | 'gpu-error'
  | 'bad-model'
  | 'unsupported-model'
  | 'bad-weights'
  | 'not-found'
  | 'gated'
  | 'no-network'
  | 'bad-document'
  | 'prompt-too-long'
  | 'bad-setting'
  | 'storage-full'
  | 'storage-busy'
  | 'worker-crashed'
  | 'internal';

/** An error as it crosses a worker boundary. */
export interface ErrorReport {
  code: ErrorCode;
  /** What happened, one sentence. */
  sentence: string;
  /** What to do about it, one sentence. */
  remedy: string;
  /** Technical detail for a bug report; never needed to understand the sentence. */
  detail?: string;
}

export class UserError extends Error {
  override readonly name = 'UserError';

  constructor(
    readonly code: ErrorCode,
    readonly sentence: string,
    readonly remedy: string,
    readonly detail?: string,
  ) {
    super(`${sentence} ${remedy}`);
  }

  report(): ErrorReport {
    const { code, sentence, remedy, detail } = this;
    return detail === undefined ? { code, sentence, remedy } : { code, sentence, remedy, detail };
  }

  static from(report: ErrorReport): UserError {
    return new UserError(report.code, report.sentence, report.remedy, report.detail);
  }
}

/** True for the rejection of a call whose `AbortSignal` fired. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Any thrown value as a report; what is no `UserError` is called what it is, a defect. */
export function toReport(error: unknown): ErrorReport {
  if (error instanceof UserError) return error.report();
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'internal',
    sentence: `Something went wrong inside the playground: ${error instanceof Error ? error.message : String(error)}.`,
    remedy: 'Your document and settings are kept. Try again, and report the details if it happens twice.',
    detail,
  };
}
