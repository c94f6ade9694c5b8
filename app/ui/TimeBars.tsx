import { lazy, Suspense, useState } from 'react';
import { SaveChart } from './SaveChart';
import { SoftwareNote } from './SoftwareNote';
import { projectionTexts } from './projectionTexts';
import { laneOf, type Bar, type ProjectedBar } from './bars';
import { duration } from './format';
import { phaseKinds, segmentsOf, type Segment } from './phases';
import { texts } from './texts';

const LayerTimes = lazy(() => import('./layers/LayerTimes'));

interface TimeBarsProps {
  bars: readonly Bar[];
  /** Dense that was projected, on the same scale. */
  projected: readonly ProjectedBar[];
  software: boolean;
  /** In the picture that can be saved: its title, and lines on where the times come from. */
  caption: { title: string; notes: readonly string[] };
}

export function TimeBars({ bars, projected, software, caption }: TimeBarsProps) {
  const longest = Math.max(
    ...bars.map(({ run }) => run.ttftMs),
    ...projected.map((bar) => bar.projected.ttftMs),
  );
  const measured = bars.some(({ run }) => run.phasesMs !== null);
  const unmeasured = bars.some(({ run }) => run.phasesMs === null);
  const draw = async (): Promise<string> => {
    const { timeBarsSvg } = await import('./export/timeBarsSvg');
    const notes = [
      ...caption.notes,
      ...(unmeasured ? [texts.chart.noPhases] : []),
      ...(software ? [texts.chart.software] : []),
    ];
    return timeBarsSvg({ title: caption.title, notes, bars, projected });
  };
  return (
    <section aria-labelledby="time-title">
      <div className="section-head">
        <h3 id="time-title">Where the time went</h3>
        <div className="row">
          <SoftwareNote software={software} />
          <SaveChart title="Where the time went" draw={draw} />
        </div>
      </div>
      <div className="time-bars">
        {projected.map((bar) => (
          <ProjectedTime key={bar.key} bar={bar} longest={longest} />
        ))}
        {bars.map((bar) => (
          <TimeBar key={bar.key} bar={bar} longest={longest} />
        ))}
      </div>
      {measured && (
        <>
          <Legend />
          <details>
            <summary>Phases as a table</summary>
            <PhaseTable bars={bars} />
          </details>
          {bars.some(({ run }) => run.layersMs.length > 0) && <ByLayer bars={bars} />}
        </>
      )}
      {unmeasured && <p className="help">{measured ? texts.chart.somePhases : texts.chart.noPhases}</p>}
    </section>
  );
}

/** The chart library is fetched when a person asks for it. */
function ByLayer({ bars }: { bars: readonly Bar[] }) {
  const [open, setOpen] = useState(false);
  return (
    <details
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{texts.layers.open}</summary>
      {open && (
        <Suspense fallback={null}>
          <LayerTimes bars={bars} />
        </Suspense>
      )}
    </details>
  );
}

/** Hatched and by name, so that nobody takes it for a measured time. */
function ProjectedTime({ bar: { label, projected }, longest }: { bar: ProjectedBar; longest: number }) {
  return (
    <div className="time-bar" data-lane="dense">
      <p>{label}</p>
      <p className="unseen">{projectionTexts.bar}</p>
      <div className="track" aria-hidden="true">
        <span
          className="phase phase-projected"
          style={{ width: `${(projected.ttftMs / longest) * 100}%` }}
          title={`${projectionTexts.bar}: ${duration(projected.ttftMs)}`}
        />
      </div>
      <p className="time-total">{duration(projected.ttftMs)} projected</p>
    </div>
  );
}

function TimeBar({ bar: { label, run }, longest }: { bar: Bar; longest: number }) {
  const segments: Segment[] = segmentsOf(run) ?? [
    { name: 'attention', label: 'First token', ms: run.ttftMs },
  ];
  const described = segments
    .filter((segment) => segment.ms > 0)
    .map((segment) => `${segment.label} ${duration(segment.ms)}`)
    .join(', ');
  return (
    <div className="time-bar" data-lane={laneOf(run)}>
      <p>{label}</p>
      <p className="unseen">{described}</p>
      <div className="track" aria-hidden="true">
        {segments.map((segment) => (
          <span
            key={segment.name}
            className={`phase phase-${segment.name}`}
            style={{ width: `${(segment.ms / longest) * 100}%` }}
            title={`${segment.label}: ${duration(segment.ms)}`}
          />
        ))}
      </div>
      <p className="time-total">{duration(run.ttftMs)}</p>
    </div>
  );
}

function Legend() {
  return (
    <ul className="legend" aria-hidden="true">
      {phaseKinds.map(({ name, label }) => (
        <li key={name}>
          <span className={`swatch phase-${name}`} data-lane="dense" />
          <span className={`swatch phase-${name}`} data-lane="sparse" />
          {label}
        </li>
      ))}
    </ul>
  );
}

function PhaseTable({ bars }: { bars: readonly Bar[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Phase</th>
          {bars.map((bar) => (
            <th key={bar.key} scope="col">
              {bar.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {phaseKinds.map(({ name, label }) => (
          <tr key={name}>
            <th scope="row">{label}</th>
            {bars.map((bar) => (
              <td key={bar.key}>{phaseText(bar.run, name)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function phaseText(run: Bar['run'], name: Segment['name']): string {
  const ms = segmentsOf(run)?.find((segment) => segment.name === name)?.ms;
  return ms === undefined ? '–' : duration(ms);
}
