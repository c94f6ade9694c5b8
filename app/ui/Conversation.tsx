import { useMemo } from 'react';
import { turnsOf } from '../state/conversation';
import { isRunning, type FinishedRun } from '../state/run';
import { AnswerLanes, Answers } from './Answers';
import { answeredAfter } from './followUp';
import { counted, duration } from './format';
import { useActions, useRun } from './stores';
import { texts } from './texts';
import { denseRun, sparseRun } from './words';

const { conversation: words } = texts;

/** What was asked about one document, the newest question last; a single question stands by itself. */
export function Conversation({ run }: { run: FinishedRun }) {
  const finished = useRun((state) => state.finished);
  const turns = useMemo(() => turnsOf(finished, run), [finished, run]);
  const { result, expected } = run;
  if (turns.length < 2)
    return (
      <>
        {result.request.question !== '' && <p className="asked">{result.request.question}</p>}
        <Answers dense={denseRun(result)} sparse={sparseRun(result)} expected={expected} />
      </>
    );
  return (
    <section aria-labelledby="conversation-title">
      <div className="section-head">
        <h3 id="conversation-title">{words.title}</h3>
        <p className="soft">{words.asked(counted(turns.length, 'question'))}</p>
      </div>
      <ol className="turns">
        {turns.map((turn) => (
          <Turn key={turn.id} turn={turn} />
        ))}
      </ol>
      <p className="help">{words.own}</p>
    </section>
  );
}

/** A question with its answers and waits; its button puts the whole result on screen. */
function Turn({ turn }: { turn: FinishedRun }) {
  const shown = useRun((state) => state.shown === turn.id);
  const running = useRun(isRunning);
  const { run: actions, conversation } = useActions();
  const { result, expected } = turn;
  const question = result.request.question === '' ? words.untitled : result.request.question;
  return (
    <li className="turn" data-shown={shown || undefined}>
      <div className="turn-head">
        <button
          type="button"
          className="turn-question"
          aria-current={shown || undefined}
          disabled={running}
          onClick={() => {
            actions.show(turn.id);
          }}
        >
          <span className="unseen">{words.show}</span>
          {question}
        </button>
        <button
          type="button"
          className="quiet"
          aria-label={words.deleteLabel(question)}
          disabled={running}
          onClick={() => void conversation.removeTurn(turn.id)}
        >
          {words.delete}
        </button>
      </div>
      <AnswerLanes
        dense={denseRun(result)}
        sparse={sparseRun(result)}
        expected={expected}
        detail={({ ttftMs, reused }) =>
          words.firstToken(duration(ttftMs)) + (reused === true ? `, ${words.reused}` : '')
        }
      />
      <p className="help">{answeredAfter(result)}</p>
    </li>
  );
}
