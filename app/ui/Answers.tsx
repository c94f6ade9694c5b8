import { useId } from 'react';
import type { RunResult } from '../engine/types';
import { patternLabel } from '../state/patterns';
import { firstDifference } from './words';

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
  const difference = dense && sparse ? firstDifference(dense.answer, sparse.answer) : null;
  return (
    <section aria-labelledby={id}>
      <div className="section-head">
        <h3 id={id}>{mark === undefined ? title : `${title} of ${mark}`}</h3>
        {dense && sparse && <p className="soft">{difference ? 'First difference marked' : 'Identical'}</p>}
      </div>
      <div className="lanes">
        {dense && (
          <Answer
            run={dense}
            lane="dense"
            expected={expected}
            same={difference?.same}
            tail={difference?.first}
          />
        )}
        {sparse && (
          <Answer
            run={sparse}
            lane="sparse"
            expected={expected}
            same={difference?.same}
            tail={difference?.second}
          />
        )}
      </div>
    </section>
  );
}

interface AnswerProps {
  run: RunResult;
  lane: 'dense' | 'sparse';
  expected: string | null;
  same: string | undefined;
  tail: { word: string; rest: string } | undefined;
}

function Answer({ run, lane, expected, same, tail }: AnswerProps) {
  const label = lane === 'dense' ? 'Dense' : patternLabel(run.pattern);
  return (
    <article className="lane" data-lane={lane} aria-label={`${label} answer`}>
      <header className="lane-head">
        <h4>{label}</h4>
        {expected !== null && (
          <p className="found">
            {run.answer.includes(expected) ? '✓ planted answer found' : '✗ planted answer missed'}
          </p>
        )}
      </header>
      <p className="answer">
        {run.answer.trim() === '' && !tail && <span className="soft">(empty)</span>}
        {tail === undefined || same === undefined ? (
          run.answer
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
    </article>
  );
}
