import { useEffect } from 'react';
import { useBusy } from './stores';

/** Asks before a tab with a run or a search in it is closed: it would be lost, though never the document. */
export function useLeaveWarning(): void {
  const running = useBusy() !== null;
  useEffect(() => {
    if (!running) return undefined;
    const ask = (event: BeforeUnloadEvent): void => {
      event.preventDefault();
    };
    window.addEventListener('beforeunload', ask);
    return () => {
      window.removeEventListener('beforeunload', ask);
    };
  }, [running]);
}
