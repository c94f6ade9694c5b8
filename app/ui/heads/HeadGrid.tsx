import { useRef, type KeyboardEvent } from 'react';
import type { HeadReport } from '../../engine/types';
import { headWords, moved, rowsOf, strengthStyle, type HeadPlace, type Measure } from './measures';

interface HeadGridProps {
  report: HeadReport;
  measure: Measure;
  place: HeadPlace;
  onPlace: (place: HeadPlace) => void;
}

/** One button a head. A single tab stop; arrows move within. */
export function HeadGrid({ report, measure, place, onPlace }: HeadGridProps) {
  const table = useRef<HTMLTableElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = moved(place, event.key, report);
    if (!to) return;
    event.preventDefault();
    onPlace(to);
    table.current?.querySelector<HTMLButtonElement>(`[data-head="${to.layer} ${to.head}"]`)?.focus();
  };
  return (
    <div className="head-grid">
      <table ref={table} aria-label={`${measure.label} by layer and head`}>
        <thead>
          <tr>
            <td>
              <span className="unseen">Layer</span>
            </td>
            {Array.from({ length: report.heads }, (_, head) => (
              <th key={head} scope="col">
                <span className="unseen">Head </span>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rowsOf(report, measure.name).map(({ layer, cells }) => (
            <tr key={layer}>
              <th scope="row">
                <span className="unseen">Layer </span>
                {layer}
              </th>
              {cells.map(({ head, value }) => {
                const chosen = layer === place.layer && head === place.head;
                const words = headWords(report, { layer, head });
                return (
                  <td key={head}>
                    <button
                      type="button"
                      data-head={`${layer} ${head}`}
                      aria-pressed={chosen}
                      tabIndex={chosen ? 0 : -1}
                      title={words}
                      aria-label={words}
                      style={strengthStyle(measure, value)}
                      onKeyDown={onKeyDown}
                      onClick={() => {
                        onPlace({ layer, head });
                      }}
                    />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
