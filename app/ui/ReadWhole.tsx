import { bytes, count } from './format';
import { useActions, useBusy, useDocument, useModel, usePrompt } from './stores';

/** One click on a sample: no limit on the context, and a run, whose result says how long all of it took to read. */
export function ReadWhole() {
  const isSample = useDocument((state) => state.questions.length > 0);
  const question = useDocument((state) => state.question);
  const first = useDocument((state) => state.questions[0]?.text);
  const ready = useModel((state) => state.model !== null);
  const busy = useBusy();
  const plan = usePrompt((state) => state.plan);
  const counting = usePrompt((state) => state.counting);
  const { document, run, settings } = useActions();
  if (!isSample) return null;
  // With a limit set, the plan is that of the part: only a run tells, which refuses what does not fit.
  const tooLong = plan !== null && !counting && !plan.fits;
  return (
    <div className="row">
      <button
        type="button"
        disabled={!ready || busy !== null || tooLong}
        title={busy ?? undefined}
        onClick={() => {
          settings.set({ context: null });
          if (question.trim() === '' && first !== undefined) document.ask(first);
          void run.run();
        }}
      >
        Read the whole thing
      </button>
      <p className="help">
        {tooLong
          ? `Needs ${bytes(plan.total)}; this adapter takes ${count(plan.longestPrompt)} tokens.`
          : 'All of it in one run, timed to the first token.'}
      </p>
    </div>
  );
}
