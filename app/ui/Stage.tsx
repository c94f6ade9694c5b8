import { useEffect, useRef } from 'react';
import { Compared } from './Compared';
import { Conversation } from './Conversation';
import { Empty } from './Empty';
import { ErrorNote } from './ErrorNote';
import { Race } from './Race';
import { Result } from './Result';
import { bringIntoView, bringNearest } from './intoView';
import { useActions, useRun } from './stores';

/** The right side: an error if there is one, and below it the run going on, a finished one, or what to expect. */
export function Stage() {
  const active = useRun((state) => state.active);
  const error = useRun((state) => state.error);
  const shown = useRun((state) => state.finished.find((run) => run.id === state.shown));
  const beside = useRun((state) => state.finished.find((run) => run.id === state.beside));
  const followed = useRun((state) =>
    state.finished.find((entry) => entry.id === state.active?.following?.run),
  );
  const { run } = useActions();
  const race = useRef<HTMLDivElement>(null);
  const followedId = followed?.id;
  const top = useRef<HTMLDivElement>(null);
  // The same object throughout a run, and another in the next.
  const started = shown === undefined ? active?.request : undefined;

  // A further question's place is by its conversation, not at the top.
  useEffect(() => {
    if (started && followedId === undefined) bringIntoView(top.current);
  }, [started, followedId]);

  useEffect(() => {
    if (error) bringIntoView(top.current);
  }, [error]);

  // Below the questions before it, where the one that was asked now will stand.
  useEffect(() => {
    if (followedId !== undefined) bringNearest(race.current);
  }, [followedId]);

  return (
    <div className="stage" ref={top}>
      {error && <ErrorNote error={error} onDismiss={run.dismissError} />}
      {shown && beside ? (
        <Compared first={shown} second={beside} />
      ) : shown ? (
        <Result run={shown} />
      ) : active ? (
        <>
          {followed && (
            <div className="result">
              <Conversation run={followed} />
            </div>
          )}
          <div ref={race}>
            <Race run={active} />
          </div>
        </>
      ) : (
        <Empty />
      )}
    </div>
  );
}
