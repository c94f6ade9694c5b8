import { denseIsLong } from '../state/estimate';
import { useDenseEstimateAt } from './DenseChoice';
import { bytes, count } from './format';
import { projectionTexts } from './projectionTexts';
import { useActions, useBusy, useDocument, useModel, usePrompt, useSettings } from './stores';

/** One click on a sample: no limit on the context, and a run, whose result says how long all of it took to read. */
export function ReadWhole() {
  const isSample = useDocument((state) => state.questions.length > 0);
  const question = useDocument((state) => state.question);
  const first = useDocument((state) => state.questions[0]?.text);
  const ready = useModel((state) => state.model !== null);
  const busy = useBusy();
  const plan = usePrompt((state) => state.plan);
  const counting = usePrompt((state) => state.counting);
  const projected = useProjectedInstead();
  const { document, run, settings } = useActions();
  if (!isSample) return null;
  // With a limit set, the plan is that of the part: only a run tells, which refuses what does not fit.
  const tooLong = plan !== null && !counting && !plan.fits;
  return (
    <div className="row">
      <button
        type="button"
        // Until it is counted, nobody knows how long dense would take.
        disabled={!ready || busy !== null || counting || tooLong}
        title={busy ?? undefined}
        onClick={() => {
          // Set, not for this run alone: a further question is asked as the page is set, and finds what this run kept.
          settings.set({ context: null, ...(projected && { withDense: 'projected' }) });
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
        {projected && !tooLong && !counting && ` ${projectionTexts.instead(projected.estimate)}`}
      </p>
    </div>
  );
}

/** Where dense is set to run too and would be long for the whole document, so that it is projected: what it would take. */
function useProjectedInstead(): { estimate: number | null } | null {
  const tokens = usePrompt((state) => state.count?.document);
  const software = useModel((state) => state.adapter?.software === true);
  const asked = useSettings((state) => state.withDense === true && state.pattern !== 'dense');
  const estimate = useDenseEstimateAt(tokens);
  if (!asked || tokens === undefined || !denseIsLong(tokens, estimate, software)) return null;
  return { estimate };
}
