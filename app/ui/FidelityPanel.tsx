import type { Fidelity } from '../engine/types';
import { fidelityMeasures } from './words';

export function FidelityPanel({ fidelity }: { fidelity: Fidelity }) {
  return (
    <section aria-labelledby="fidelity-title">
      <div className="section-head">
        <h3 id="fidelity-title">Fidelity to dense</h3>
      </div>
      <dl className="measures">
        {fidelityMeasures(fidelity).map(({ name, value, words }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <strong>{value}</strong>
              <span>{words}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
