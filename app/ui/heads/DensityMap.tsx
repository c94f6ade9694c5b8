import { useState } from 'react';
import { HeadTable } from './HeadTable';
import { densityMeasure, headName, strengthStyle, type HeadRow } from './measures';
import { densitySentence } from './skipped';
import './heads.css';

/** More layers than this are drawn in small cells: the picture is one to take in at once. */
const largeUpTo = 12;

/** What each head computed, as the run itself counted it; in words above, in figures below. */
export function DensityMap({ rows }: { rows: readonly HeadRow[] }) {
  const [asTable, setAsTable] = useState(false);
  return (
    <>
      <figure className="density-figure" aria-label={`${densityMeasure.label} by layer and head`}>
        <p>{densitySentence(rows)}</p>
        <div className="density-map" aria-hidden="true" data-small={rows.length > largeUpTo || undefined}>
          {rows.map(({ layer, cells }) => (
            <div key={layer} className="density-row">
              <span className="density-layer">{layer + 1}</span>
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
        <figcaption className="help">Layers down, query heads across. {densityMeasure.legend}</figcaption>
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
