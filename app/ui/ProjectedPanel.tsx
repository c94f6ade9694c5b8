import type { ProjectedDense } from '../engine/types';
import { SoftwareNote } from './SoftwareNote';
import { duration, times } from './format';
import { projectionTexts as words } from './projectionTexts';

interface ProjectedPanelProps {
  projected: ProjectedDense;
  software: boolean;
}

/** What dense was projected to, apart from the measured figures, and how. */
export function ProjectedPanel({ projected, software }: ProjectedPanelProps) {
  const { ttftMs, attentionMs, ratio, sampledRows, sampledLayers, spread, method } = projected;
  const rows = [
    { name: words.rows.ttft, value: duration(ttftMs) },
    { name: words.rows.attention, value: duration(attentionMs) },
    { name: words.rows.ratio, value: times(ratio.ttft) },
    ...(ratio.attention === null ? [] : [{ name: words.rows.attentionRatio, value: times(ratio.attention) }]),
    { name: words.rows.sample, value: words.sample(sampledRows, sampledLayers) },
    { name: words.rows.spread, value: words.spread(spread) },
  ];
  return (
    <section aria-labelledby="projected-title">
      <div className="section-head">
        <h3 id="projected-title">{words.title}</h3>
        <div className="row">
          <SoftwareNote software={software} />
          <p className="projected-note">{words.badge}</p>
        </div>
      </div>
      <table>
        <thead className="unseen">
          <tr>
            <th scope="col">Measure</th>
            <th scope="col">{words.lane}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="help">{method}</p>
    </section>
  );
}
