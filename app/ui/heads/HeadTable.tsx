import type { HeadRow, Measure } from './measures';

/** The numbers of the grid, for reading and for copying: one value a cell, so that each head can be reached. */
export function HeadTable({ rows, measure }: { rows: readonly HeadRow[]; measure: Measure }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- wide tables scroll, and keys must reach them too
    <section className="head-table" aria-label={`${measure.label}, all heads`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <td>
              <span className="unseen">Layer</span>
            </td>
            {rows[0]?.cells.map(({ head }) => (
              <th key={head} scope="col">
                Head {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ layer, cells }) => (
            <tr key={layer}>
              <th scope="row">Layer {layer}</th>
              {cells.map(({ head, value }) => (
                <td key={head}>{measure.words(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
