import type { ReactNode } from 'react';
import type { ErrorReport } from '../errors';
import { CopyButton } from './CopyButton';
import { diagnostics } from './diagnostics';
import { useStores } from './stores';

interface ErrorNoteProps {
  error: ErrorReport;
  onDismiss?: () => void;
  /** What may mend it, above the buttons. */
  before?: ReactNode;
  /** Further buttons. */
  children?: ReactNode;
}

/** What happened and what to do; the details stay folded until asked for. */
export function ErrorNote({ error, onDismiss, before, children }: ErrorNoteProps) {
  const stores = useStores();
  return (
    <div className="note note-error" role="alert">
      <p className="note-sentence">{error.sentence}</p>
      <p>{error.remedy}</p>
      {before}
      <div className="row">
        {children}
        <CopyButton label="Copy diagnostics" text={() => diagnostics(error, stores)} />
        {onDismiss && (
          <button type="button" className="quiet" onClick={onDismiss}>
            Dismiss
          </button>
        )}
      </div>
      <details>
        <summary>Details</summary>
        <pre>
          {error.code}
          {error.detail === undefined ? '' : `\n${error.detail}`}
        </pre>
      </details>
    </div>
  );
}
