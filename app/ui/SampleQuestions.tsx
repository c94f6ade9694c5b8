import { percent } from './format';
import { useActions, useDocument } from './stores';

/** What to ask about the sample: a click fills the question, and the answer is known. */
export function SampleQuestions() {
  const questions = useDocument((state) => state.questions);
  const asked = useDocument((state) => state.question);
  const { document } = useActions();
  if (questions.length === 0) return null;
  return (
    <fieldset className="try">
      <legend className="help">To try, with how far into the document the answer stands</legend>
      {questions.map(({ text, depth }) => (
        <button
          key={text}
          type="button"
          className="chip"
          aria-pressed={text === asked}
          onClick={() => {
            document.ask(text);
          }}
        >
          <span>{text}</span> <span className="soft figures">{percent(depth)}</span>
        </button>
      ))}
    </fieldset>
  );
}
