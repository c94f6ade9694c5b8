import type { RunResult } from '../engine/types';
import { patternLabel } from '../state/patterns';
import { SoftwareNote } from './SoftwareNote';
import { duration } from './format';
import { phaseKinds, segmentsOf, type Segment } from './phases';

interface TimeBarsProps {
  runs: readonly RunResult[];
  software: boolean;
}

export function TimeBars({ runs, software }: TimeBarsProps) {
  const longest = Math.max(...runs.map((run) => run.ttftMs));
  const measured = runs.every((run) => run.phasesMs !== null);
  return (
    <section aria-labelledby="time-title">
      <div className="section-head">
        <h3 id="time-title">Where the time went</h3>
        <SoftwareNote software={software} />
      </div>
      <div className="time-bars">
        {runs.map((run) => (
          <TimeBar key={run.pattern} run={run} longest={longest} />
        ))}
      </div>
      {measured ? (
        <>
          <Legend />
          <details>
            <summary>Phases as a table</summary>
            <PhaseTable runs={runs} />
          </details>
        </>
      ) : (
        <p className="help">
          This adapter has no timestamp queries, so the phases are not known; bars are time to the first
          token.
        </p>
      )}
    </section>
  );
}

function laneOf(run: RunResult): 'dense' | 'sparse' {
  return run.pattern === 'dense' ? 'dense' : 'sparse';
}

function labelOf(run: RunResult): string {
  return run.pattern === 'dense' ? 'Dense' : patternLabel(run.pattern);
}

function TimeBar({ run, longest }: { run: RunResult; longest: number }) {
  const segments: Segment[] = segmentsOf(run) ?? [
    { name: 'attention', label: 'First token', ms: run.ttftMs },
  ];
  const described = segments
    .filter((segment) => segment.ms > 0)
    .map((segment) => `${segment.label} ${duration(segment.ms)}`)
    .join(', ');
  return (
    <div className="time-bar" data-lane={laneOf(run)}>
      <p>{labelOf(run)}</p>
      <p className="unseen">{described}</p>
      <div className="track" aria-hidden="true">
        {segments.map((segment) => (
          <span
            key={segment.name}
            className={`phase phase-${segment.name}`}
            style={{ width: `${(segment.ms / longest) * 100}%` }}
            title={`${segment.label}: ${duration(segment.ms)}`}
          />
        ))}
      </div>
      <p className="time-total">{duration(run.ttftMs)}</p>
    </div>
  );
}

function Legend() {
  return (
    <ul className="legend" aria-hidden="true">
      {phaseKinds.map(({ name, label }) => (
        <li key={name}>
          <span className={`swatch phase-${name}`} data-lane="dense" />
          <span className={`swatch phase-${name}`} data-lane="sparse" />
          {label}
        </li>
      ))}
    </ul>
  );
}

function PhaseTable({ runs }: { runs: readonly RunResult[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Phase</th>
          {runs.map((run) => (
            <th key={run.pattern} scope="col">
              {labelOf(run)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {phaseKinds.map(({ name, label }) => (
          <tr key={name}>
            <th scope="row">{label}</th>
            {runs.map((run) => (
              <td key={run.pattern}>
                {duration(segmentsOf(run)?.find((segment) => segment.name === name)?.ms ?? 0)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
