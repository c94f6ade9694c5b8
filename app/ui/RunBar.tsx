import type { ErrorReport } from '../errors';
import type { MemoryPlan } from '../engine/types';
import { keepVerdict } from '../state/keeping';
import { settingsRefusal } from '../state/refusals';
import { isRunning } from '../state/run';
import { LongDense } from './DenseChoice';
import { cancelAction, runAction } from './actions';
import { bytes, count } from './format';
import { useBusy, useModel, usePrompt, useRun, useSettings, useStores } from './stores';

/** Above this a software adapter takes many minutes. */
const patience = 2_000;

export function RunBar() {
  const stores = useStores();
  const running = useRun(isRunning);
  const cancelling = useRun((state) => state.active?.status === 'cancelling');
  const ready = useModel((state) => state.model !== null);
  const busy = useBusy();
  const error = useRefusal();
  const action = running ? cancelAction : runAction;
  return (
    <div className="run-bar">
      {!running && <LongDense />}
      <div className="plan-area">
        {/* Always there, for only what comes into it is announced. */}
        <output className="plan">
          {error && (
            <>
              <strong className="warning">{error.sentence}</strong>{' '}
              <span className="soft">{error.remedy}</span>
            </>
          )}
        </output>
        {!error && <PlanLine />}
      </div>
      <button
        type="button"
        className={running ? 'run run-cancel' : 'run primary'}
        disabled={running ? cancelling : !ready || busy !== null}
        title={running ? undefined : (busy ?? undefined)}
        aria-keyshortcuts={running ? 'Escape' : 'Control+Enter Meta+Enter'}
        onClick={() => {
          action.perform(stores);
        }}
      >
        {cancelling ? 'Stopping…' : action.label} {!cancelling && <kbd>{action.keys}</kbd>}
      </button>
    </div>
  );
}

/** Where the button is that would run into it: the field may be far up the page, and so is what a run would say. */
function useRefusal(): ErrorReport | null {
  const pattern = useSettings((state) => state.pattern);
  const patternValues = useSettings((state) => state.patternValues);
  // While another count is under way that is of the prompt before.
  const planned = usePrompt((state) => (state.counting ? null : state.error));
  return settingsRefusal({ pattern, patternValues }) ?? planned;
}

function PlanLine() {
  const plan = usePrompt((state) => state.plan);
  const tokens = usePrompt((state) => state.count?.prompt);
  const counting = usePrompt((state) => state.counting);
  const adapter = useModel((state) => state.adapter);
  const hasModel = useModel((state) => state.model !== null);
  const loading = useModel((state) => state.loading !== null);
  const adapterError = useModel((state) => state.adapterError);
  if (adapterError) return <p className="plan soft">Waiting for a GPU</p>;
  if (!hasModel && !loading && adapter) return <p className="plan soft">No model is loaded</p>;
  if (loading || !adapter) return <p className="plan soft">The model is being loaded</p>;
  if (counting) return <p className="plan soft">Counting the prompt’s tokens…</p>;
  if (!plan || tokens === undefined) return <p className="plan soft">Choose a document and ask</p>;
  return (
    <p className="plan">
      <span>Prompt of {count(tokens)} tokens</span> <PlanVerdict plan={plan} />
      {adapter.software && tokens > patience && (
        <span className="warning"> A software adapter will take many minutes.</span>
      )}
    </p>
  );
}

function PlanVerdict({ plan }: { plan: MemoryPlan }) {
  const settings = useSettings((state) => state);
  const stated = settings.gpuMemory;
  const adapter = useModel((state) => state.adapter);
  const model = useModel((state) => state.model);
  if (plan.fits && stated !== null && plan.total > stated * 2 ** 30)
    return (
      <strong className="warning">
        needs {bytes(plan.total)}; more than the {bytes(stated * 2 ** 30)} of GPU memory that you stated.
      </strong>
    );
  if (plan.fits && keepVerdict(settings, plan, adapter, model) === 'kept')
    return (
      <span className="soft">
        needs {bytes(plan.total + plan.keeping.bytes)} with what is kept for further questions; fits.
      </span>
    );
  if (plan.fits) return <span className="soft">needs {bytes(plan.total)}; fits.</span>;
  return (
    <strong className="warning">
      needs {bytes(plan.total)}; too large for this adapter, which takes {count(plan.longestPrompt)} tokens.
    </strong>
  );
}
