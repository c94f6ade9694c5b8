import type { CompareResult, RunResult } from '../engine/types';
import { energyOf, type Energy } from '../exports/energy';
import { LaneTable } from './LaneTable';
import { barsOf } from './bars';
import { grams, wattHours } from './format';
import { useActions, useSettings } from './stores';
import { texts } from './texts';

const { energy: words } = texts;

/** Only where a power was stated, and never for a CPU that plays the GPU. */
export function EnergyPanel({ result }: { result: CompareResult }) {
  const watts = useSettings((settings) => settings.watts);
  const gridIntensity = useSettings((settings) => settings.gridIntensity);
  const { page } = useActions();
  if (watts === null || result.adapter.software) return null;
  const rows = (['firstToken', 'whole'] as const).map((part) => ({
    name: words.rows[part],
    value: (run: RunResult) => energyText(energyOf(run, { watts, gridIntensity })?.[part]),
  }));
  return (
    <section aria-labelledby="energy-title">
      <div className="section-head">
        <h3 id="energy-title">{words.title}</h3>
        <p className="soft">{words.badge}</p>
      </div>
      <LaneTable bars={barsOf(result)} rows={rows} />
      <p className="help">
        {words.assumption(watts, gridIntensity)}{' '}
        <button
          type="button"
          className="quiet inline"
          onClick={() => {
            page.open({ kind: 'settings' });
          }}
        >
          {words.change}
        </button>
      </p>
    </section>
  );
}

function energyText(energy: Energy | undefined): string {
  if (!energy) return '';
  const used = wattHours(energy.wattHours);
  return energy.grams === null ? used : `${used}, ${grams(energy.grams)} CO₂`;
}
