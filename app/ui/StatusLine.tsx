import { useRun } from './stores';

/** For screen readers: what stage a run is in. Tokens and percentages are not read out. */
export function StatusLine() {
  const announcement = useRun((state) => state.announcement);
  return (
    <output className="unseen" aria-live="polite">
      {announcement}
    </output>
  );
}
