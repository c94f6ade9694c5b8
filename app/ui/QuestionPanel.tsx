import { KeepDocument } from './KeepDocument';
import { SampleQuestions } from './SampleQuestions';
import { useActions, useDocument } from './stores';

export function QuestionPanel() {
  const question = useDocument((state) => state.question);
  const expected = useDocument((state) => state.expected);
  const { document } = useActions();
  return (
    <section className="panel" aria-labelledby="question-title">
      <div className="panel-head">
        <h2 id="question-title">
          <label htmlFor="question">Question</label>
        </h2>
      </div>
      <textarea
        id="question"
        rows={2}
        value={question}
        placeholder="What is the access code of the amber lantern?"
        onChange={(event) => {
          document.ask(event.target.value);
        }}
      />
      <SampleQuestions />
      {expected !== null && (
        <p className="help">
          The planted answer is <strong className="figures">{expected}</strong>.
        </p>
      )}
      <KeepDocument />
    </section>
  );
}
