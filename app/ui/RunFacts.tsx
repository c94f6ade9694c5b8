import type { FinishedRun } from '../state/run';
import { factsOf } from './comparison';

/** Everything needed to run this again. */
export function RunFacts({ run }: { run: FinishedRun }) {
  return (
    <section aria-label="Run again">
      <details>
        <summary>Settings of this run</summary>
        <dl className="facts">
          {factsOf(run).map(({ name, value }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}
