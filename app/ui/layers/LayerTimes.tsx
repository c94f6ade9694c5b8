import type { Bar } from '../bars';
import '../bench/bench.css';
import { Chart } from '../bench/Chart';
import { duration } from '../format';
import { texts } from '../texts';
import { layerChart, layerTimes } from './layerTimes';

const { layers: words } = texts;

/** How long each layer took in each lane. Loaded when it is opened: it brings the chart library. */
export default function LayerTimes({ bars }: { bars: readonly Bar[] }) {
  const timed = bars.filter(({ run }) => run.layersMs.length > 0);
  const lanes = timed.map(({ key, label, run }) => ({ key, label, times: layerTimes(run.layersMs) }));
  const most = Math.max(...lanes.map(({ times }) => times.length));
  return (
    <>
      <Chart draw={(width) => layerChart(timed, words.title, width)} />
      <p className="help">{words.legend}</p>
      <div className="wide-table">
        <table>
          <thead>
            <tr>
              <th scope="col">{words.layer}</th>
              {lanes.map(({ key, label }) => (
                <th key={key} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: most }, (_, at) => (
              <tr key={at}>
                <th scope="row">{at}</th>
                {lanes.map(({ key, times }) => (
                  <td key={key}>{cell(times[at])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function cell(time: ReturnType<typeof layerTimes>[number] | undefined): string {
  if (!time) return '–';
  return words.cell(duration(time.attention + time.rest), duration(time.attention));
}
