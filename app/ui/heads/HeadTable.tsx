import type { HeadReport } from '../../engine/types';
import { rowsOf, type Measure } from './measures';

/** The numbers of the grid, for reading and for copying: a line a layer, which wraps where heads are many. */
export function HeadTable({ report, measure }: { report: HeadReport; measure: Measure }) {
  return (
    <table className="plain">
      <thead>
        <tr>
          <th scope="col">Layer</th>
          <th scope="col">Heads 1 to {report.heads}</th>
        </tr>
      </thead>
      <tbody>
        {rowsOf(report, measure.name).map(({ layer, cells }) => (
          <tr key={layer}>
            <th scope="row">{layer + 1}</th>
            <td>{cells.map(({ value }) => measure.words(value)).join(', ')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
