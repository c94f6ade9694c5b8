import { tablesOf, type Table } from '../../engine/bench/report';
import type { BenchResult } from '../../engine/bench/types';
import { SoftwareNote } from '../SoftwareNote';
import { Chart } from './Chart';
import { rateChart } from './kernelCharts';
import { firstTokenChart, phaseChart, phaseFill } from './prefillCharts';
import { phaseKinds } from '../phases';

interface BenchResultViewProps {
  name: string;
  result: BenchResult;
  onRemove: () => void;
}

export function BenchResultView({ name, result, onRemove }: BenchResultViewProps) {
  return (
    <section className="bench-result" aria-label={name}>
      <div className="stage-head">
        <h2>{name}</h2>
        <SoftwareNote software={result.adapter.software} />
        <button type="button" className="quiet" onClick={onRemove}>
          Remove
        </button>
      </div>
      {result.suite === 'prefill' ? (
        <>
          <Chart draw={(width) => firstTokenChart(result, width)} />
          <Chart draw={(width) => phaseChart(result, width)}>
            <PhaseLegend />
          </Chart>
        </>
      ) : (
        <>
          <Chart draw={(width) => rateChart(result, 'TFLOP/s', width)} />
          <Chart draw={(width) => rateChart(result, 'GB/s', width)} />
        </>
      )}
      {tablesOf(result).map((table) => (
        <ResultTable key={table.title} table={table} />
      ))}
    </section>
  );
}

function PhaseLegend() {
  return (
    <ul className="legend" aria-hidden="true">
      {phaseKinds.map(({ name, label }) => {
        const fills = phaseFill[name];
        return (
          fills && (
            <li key={name}>
              {[...new Set(fills)].map((fill) => (
                <span key={fill} className="swatch" style={{ background: fill }} />
              ))}
              <span>{label}</span>
            </li>
          )
        );
      })}
    </ul>
  );
}

function ResultTable({ table: { title, columns, rows } }: { table: Table }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls by itself, so a keyboard must reach it
    <section className="bench-table" aria-label={title} tabIndex={0}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells) => (
            <tr key={cells.join()}>
              {cells.map((cell, at) =>
                at === 0 ? (
                  <th key={columns[at]} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={columns[at]}>{cell}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
