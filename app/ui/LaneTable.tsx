import type { RunResult } from '../engine/types';
import { laneOf, type Bar } from './bars';

export interface LaneRow {
  name: string;
  value: (run: RunResult) => string;
}

/** A figure a row, a run a column. */
export function LaneTable({ bars, rows }: { bars: readonly Bar[]; rows: readonly LaneRow[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">
            <span className="unseen">Measure</span>
          </th>
          {bars.map(({ key, label, run }) => (
            <th key={key} scope="col" data-lane={laneOf(run)}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, value }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {bars.map(({ key, run }) => (
              <td key={key}>{value(run)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
