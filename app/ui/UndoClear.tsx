import { useEffect, useRef } from 'react';
import { useActions, useDocument } from './stores';

/** What was just taken away, and the way back; it stays until the document changes otherwise. */
export function UndoClear() {
  const what = useDocument((state) => state.cleared?.what ?? null);
  const { document } = useActions();
  const button = useRef<HTMLButtonElement>(null);
  // The button that was pressed is gone, and the keyboard with it.
  useEffect(() => {
    if (what !== null) button.current?.focus();
  }, [what]);
  if (what === null) return null;
  return (
    <div className="undo">
      <output>{what === '' ? 'Document cleared.' : `${what} removed.`}</output>
      <button ref={button} type="button" className="quiet" onClick={document.undoClear}>
        {what === '' ? 'Undo clear' : 'Undo'}
      </button>
    </div>
  );
}
