import type { HeadRow, Measure } from './measures';

/** The numbers of the grid, for reading and for copying: a line a layer, which wraps where heads are many. */
export function HeadTable({ rows, measure }: { rows: readonly HeadRow[]; measure: Measure }) {
  return (
    <table className="plain">
      <thead>
        <tr>
          <th scope="col">Layer</th>
          <th scope="col">Heads 1 to {rows[0]?.cells.length}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ layer, cells }) => (
          <tr key={layer}>
            <th scope="row">{layer + 1}</th>
            <td>{cells.map(({ value }) => measure.words(value)).join(', ')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
