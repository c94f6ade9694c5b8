import { useState } from 'react';
import type { HeadReport } from '../../engine/types';
import { count } from '../format';
import { HeadGrid } from './HeadGrid';
import { HeadTable } from './HeadTable';
import { HeadTiles } from './HeadTiles';
import { gridLegend, headWords, measures, rowsOf, type HeadPlace, type Measure } from './measures';
import { whereWords } from './where';
import './heads.css';

/** Every head of the model in one picture, by one measure at a time; the chosen head in detail below it. */
export function HeadMap({ report }: { report: HeadReport }) {
  const [measure, setMeasure] = useState<Measure | undefined>(measures[0]);
  const [place, setPlace] = useState<HeadPlace>(() => worst(report));
  const [asTable, setAsTable] = useState(false);
  if (!measure) return null;
  return (
    <>
      <fieldset className="row head-measures">
        <legend className="unseen">Measure shown</legend>
        {measures.map((one) => (
          <label key={one.name}>
            <input
              type="radio"
              name="head-measure"
              checked={one === measure}
              onChange={() => {
                setMeasure(one);
              }}
            />
            {one.label}
          </label>
        ))}
      </fieldset>
      <HeadGrid report={report} measure={measure} place={place} onPlace={setPlace} />
      <p className="help">
        {gridLegend} {measure.legend} Attention kept and output error are measured on{' '}
        {count(report.sampledRows.length)} rows of the prompt.
      </p>
      <div className="head-where" aria-live="polite">
        <p className="head-chosen">{headWords(report, place)}</p>
        {report.maps && <p>{whereWords(report.maps, place.layer * report.heads + place.head)}</p>}
      </div>
      {report.maps && <HeadTiles maps={report.maps} heads={report.heads} place={place} />}
      <details
        onToggle={(event) => {
          setAsTable(event.currentTarget.open);
        }}
      >
        <summary>{measure.label} as a table</summary>
        {asTable && <HeadTable rows={rowsOf(report, measure.name)} measure={measure} />}
      </details>
    </>
  );
}

/** The head that keeps least: what one looks for first. */
function worst({ recall }: HeadReport): HeadPlace {
  const all = recall.flatMap((values, layer) => values.map((value, head) => ({ layer, head, value })));
  const { layer, head } = all.reduce((least, one) => (one.value < least.value ? one : least));
  return { layer, head };
}
