import { useEffect, useState } from 'react';

/** The time by `performance.now()`, a few times a second while `running`. */
export function useNow(running: boolean, everyMs = 100): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => {
      setNow(performance.now());
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [running, everyMs]);
  return now;
}
