import '../bench/bench.css';
import { patternLabel } from '../../state/patterns';
import { fitsOf, type ScalingResult } from '../../state/scaling';
import { SoftwareNote } from '../SoftwareNote';
import { Chart } from '../bench/Chart';
import { download } from '../download';
import { count, duration, percent } from '../format';
import { breakEvenSentence, rowsOf, scalingCsv, type ScalingRow } from './scalingRows';
import { scalingChart } from './scalingChart';
import { scalingTexts as words } from './scalingTexts';

/** What a list of lengths gave: chart, break-even, fits, table and files. Loaded when there is something to draw. */
export default function ScalingOutcome({ result }: { result: ScalingResult }) {
  const { software, description } = result.adapter;
  const sparse = patternLabel(result.pattern);
  const fits = fitsOf(result);
  return (
    <div className="stack">
      <Chart draw={(width) => scalingChart(result, width)} />
      <p className="help">{words.legend}</p>
      <p>
        <strong>{breakEvenSentence(result)}</strong> <SoftwareNote software={software} />
      </p>
      <ul className="fits">
        {(
          [
            [words.dense, fits.dense],
            [sparse, fits.sparse],
          ] as const
        ).map(([lane, fit]) => (
          <li key={lane}>{fit ? words.fitted(lane, fit) : words.unfitted(lane)}</li>
        ))}
      </ul>
      <Table rows={rowsOf(result)} sparse={sparse} />
      <p className="help">{words.on(result.text, description, result.model)}</p>
      <div className="row">
        <button
          type="button"
          onClick={() => {
            save('json', JSON.stringify({ ...result, fits }, null, 2), 'application/json');
          }}
        >
          {words.json}
        </button>
        <button
          type="button"
          onClick={() => {
            save('csv', scalingCsv(result), 'text/csv;charset=utf-8');
          }}
        >
          {words.csv}
        </button>
      </div>
    </div>
  );
}

function save(extension: string, content: string, type: string): void {
  download(`${words.file}.${extension}`, new Blob([content], { type }));
}

function Table({ rows, sparse }: { rows: readonly ScalingRow[]; sparse: string }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls by itself, so a keyboard must reach it
    <section className="bench-table" aria-label={words.table} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {[words.tokens, words.dense, sparse, words.ratio, words.density].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ tokens, dense, projected, sparse: ms, density }) => (
            <tr key={tokens}>
              <th scope="row">{count(tokens)}</th>
              <td>{dense === null ? '–' : projected ? words.projectedCell(dense) : duration(dense)}</td>
              <td>{duration(ms)}</td>
              <td>{dense === null ? '–' : words.ratioCell(dense / ms, projected)}</td>
              <td>{percent(density)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
