import { useId } from 'react';
import type { RunResult } from '../engine/types';
import { patternLabel } from '../state/patterns';
import { firstDifference, plantedVerdict, shownAnswer } from './words';

interface AnswersProps {
  dense: RunResult | undefined;
  sparse: RunResult | undefined;
  /** The planted answer, if there is one. */
  expected: string | null;
  /** Tells the answers of two runs on one page apart. */
  mark?: string;
}

export function Answers({ dense, sparse, expected, mark }: AnswersProps) {
  const id = useId();
  const title = dense && sparse ? 'Answers' : 'Answer';
  return (
    <section aria-labelledby={id}>
      <div className="section-head">
        <h3 id={id}>{mark === undefined ? title : `${title} of ${mark}`}</h3>
        {dense && sparse && (
          <p className="soft">
            {shownAnswer(dense) === shownAnswer(sparse) ? 'Identical' : 'First difference marked'}
          </p>
        )}
      </div>
      <AnswerLanes dense={dense} sparse={sparse} expected={expected} />
    </section>
  );
}

interface AnswerLanesProps extends Omit<AnswersProps, 'mark'> {
  /** Said of each lane below its answer. */
  detail?: (run: RunResult) => string;
}

/** The answers alone, side by side, with their first difference marked. */
export function AnswerLanes({ dense, sparse, expected, detail }: AnswerLanesProps) {
  const difference = dense && sparse ? firstDifference(shownAnswer(dense), shownAnswer(sparse)) : null;
  return (
    <div className="lanes">
      {dense && (
        <Answer
          run={dense}
          lane="dense"
          expected={expected}
          same={difference?.same}
          tail={difference?.first}
          detail={detail?.(dense)}
        />
      )}
      {sparse && (
        <Answer
          run={sparse}
          lane="sparse"
          expected={expected}
          same={difference?.same}
          tail={difference?.second}
          detail={detail?.(sparse)}
        />
      )}
    </div>
  );
}

interface AnswerProps {
  run: RunResult;
  lane: 'dense' | 'sparse';
  expected: string | null;
  same: string | undefined;
  tail: { word: string; rest: string } | undefined;
  detail: string | undefined;
}

function Answer({ run, lane, expected, same, tail, detail }: AnswerProps) {
  const label = lane === 'dense' ? 'Dense' : patternLabel(run.pattern);
  return (
    <article className="lane" data-lane={lane} aria-label={`${label} answer`}>
      <header className="lane-head">
        <h4>{label}</h4>
        {expected !== null && <p className="found">{plantedVerdict(run, expected)}</p>}
      </header>
      <p className="answer">
        {run.answer.trim() === '' && !tail && <span className="soft">(empty)</span>}
        {tail === undefined || same === undefined ? (
          shownAnswer(run)
        ) : (
          <>
            {same}
            <mark>
              <span className="unseen">[first difference] </span>
              {tail.word === '' ? '(ends here)' : tail.word}
            </mark>
            {tail.rest}
          </>
        )}
        {run.stopReason === 'length' && <span className="soft"> … cut at the limit of new tokens</span>}
      </p>
      {detail !== undefined && <p className="lane-detail">{detail}</p>}
    </article>
  );
}
