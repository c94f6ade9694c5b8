import type { CompareResult } from '../engine/types';
import { percent } from './format';
import { useActions, useBusy, useHeads } from './stores';

interface MeasureOfferProps {
  result: CompareResult;
  /** What one gets for it. */
  help: string;
  label: string;
}

/** Starts the one untimed prefill that measures a run's heads and passages, and shows how far it is. */
export function MeasureOffer({ result, help, label }: MeasureOfferProps) {
  const measuring = useHeads((state) => state.measuring);
  const busy = useBusy();
  const { heads } = useActions();
  if (measuring?.result === result) {
    return (
      <div className="row">
        <progress aria-label="Heads measured" max={1} value={measuring.fraction} />
        <span>{percent(measuring.fraction)}</span>
        <button type="button" onClick={heads.cancel}>
          Stop measuring
        </button>
      </div>
    );
  }
  if (!heads.canMeasure(result)) {
    return <p className="help">This can be measured in the visit in which the run was made.</p>;
  }
  return (
    <>
      <p className="help">{help}</p>
      <button
        type="button"
        disabled={busy !== null}
        title={busy ?? undefined}
        onClick={() => void heads.measure(result)}
      >
        {label}
      </button>
    </>
  );
}
