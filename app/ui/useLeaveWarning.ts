import { useEffect } from 'react';
import { isRunning } from '../state/run';
import { useRun } from './stores';

/** Asks before a tab with a run in it is closed: the run would be lost, though never the document. */
export function useLeaveWarning(): void {
  const running = useRun(isRunning);
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
