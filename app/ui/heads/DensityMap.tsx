import { useState } from 'react';
import { HeadTable } from './HeadTable';
import { densityMeasure, gridLegend, headName, strengthStyle, type HeadRow } from './measures';
import { densitySentence } from './skipped';
import './heads.css';

/** More layers than this are drawn in small cells: the picture is one to take in at once. */
const largeUpTo = 12;

/** What each head computed, as the run itself counted it; in words above, in figures below. */
export function DensityMap({ rows }: { rows: readonly HeadRow[] }) {
  const [asTable, setAsTable] = useState(false);
  const small = rows.length > largeUpTo;
  // Two digits are wider than a small cell.
  const numbered = small ? 4 : 1;
  return (
    <>
      <figure className="density-figure" aria-label={`${densityMeasure.label} by layer and head`}>
        <p>{densitySentence(rows)}</p>
        <div className="density-map" aria-hidden="true" data-small={small || undefined}>
          <div className="density-row">
            <span className="density-layer" />
            {rows[0]?.cells.map(({ head }) => (
              <span key={head} className="density-head">
                {head % numbered === 0 && head}
              </span>
            ))}
          </div>
          {rows.map(({ layer, cells }) => (
            <div key={layer} className="density-row">
              <span className="density-layer">{layer}</span>
              {cells.map(({ head, value }) => (
                <span
                  key={head}
                  className="density-cell"
                  title={`${headName({ layer, head })}: ${densityMeasure.words(value)} of the tiles computed`}
                  style={strengthStyle(densityMeasure, value)}
                />
              ))}
            </div>
          ))}
        </div>
        <figcaption className="help">
          {gridLegend} {densityMeasure.legend}
        </figcaption>
      </figure>
      <details
        onToggle={(event) => {
          setAsTable(event.currentTarget.open);
        }}
      >
        <summary>{densityMeasure.label} as a table</summary>
        {asTable && <HeadTable rows={rows} measure={densityMeasure} />}
      </details>
    </>
  );
}
