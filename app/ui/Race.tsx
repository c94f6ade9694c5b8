import type { ActiveRun, LaneState } from '../state/run';
import { patternLabel } from '../state/patterns';
import { SoftwareNote } from './SoftwareNote';
import { clock, count, duration, percent, roughly } from './format';
import { projectionTexts } from './projectionTexts';
import { useModel } from './stores';
import { shownAnswer } from './words';
import { useStickyScroll } from './useStickyScroll';
import { useNow } from './useNow';

const titles = {
  running: 'Running',
  cancelling: 'Stopping',
  cancelled: 'Stopped',
  failed: 'Not finished',
} as const;

export function Race({ run }: { run: ActiveRun }) {
  const software = useModel((state) => state.adapter?.software === true);
  return (
    <section className="race" aria-labelledby="race-title">
      <header className="stage-head">
        <h2 id="race-title">{titles[run.status]}</h2>
        <p className="soft">{run.title}</p>
        <SoftwareNote software={software} />
      </header>
      {run.lanes.length > 1 && run.status === 'running' && (
        <p className="help">One after the other, so that neither slows the other down.</p>
      )}
      {run.request.dense === 'projected' && run.lanes[0]?.lane === 'sparse' && (
        <p className="help">{projectionTexts.running}</p>
      )}
      {run.question !== '' && <p className="asked">{run.question}</p>}
      <div className="lanes">
        {run.lanes.map((lane) => (
          <Lane key={lane.lane} lane={lane} run={run} />
        ))}
      </div>
    </section>
  );
}

function laneLabel(lane: LaneState['lane'], run: ActiveRun): string {
  return lane === 'dense' ? 'Dense' : patternLabel(run.request.pattern.name);
}

function Lane({ lane, run }: { lane: LaneState; run: ActiveRun }) {
  const { progress, result } = lane;
  const label = laneLabel(lane.lane, run);
  const live = run.status === 'running' || run.status === 'cancelling';
  const fraction = result || progress?.stage === 'decode' ? 1 : (progress?.fraction ?? 0);
  return (
    <article
      className="lane"
      data-lane={lane.lane}
      data-waiting={(!progress && !result) || undefined}
      aria-label={label}
    >
      <header className="lane-head">
        <h3>{label}</h3>
        <LaneClock lane={lane} live={live} />
      </header>
      <progress className="bar" aria-label={`${label}: prompt read`} max={1} value={fraction} />
      <p className="lane-stage">{stageWords(lane, live)}</p>
      {lane.answer !== '' && <GrowingAnswer text={shownAnswer(lane)} />}
      {result?.note !== undefined && <p className="help">{result.note}</p>}
    </article>
  );
}

function GrowingAnswer({ text }: { text: string }) {
  const element = useStickyScroll(text);
  return (
    <p ref={element} className="answer">
      {text}
    </p>
  );
}

/** Ticks between two reports while the prompt is read; stands still from the first token on. */
function LaneClock({ lane, live }: { lane: LaneState; live: boolean }) {
  const { progress, result, receivedAt } = lane;
  const ticking = live && !result && progress?.stage === 'prefill';
  const now = useNow(ticking);
  if (result) return <p className="lane-clock">{duration(result.ttftMs)}</p>;
  if (!progress || progress.stage === 'warmup') return null;
  const since = ticking ? Math.max(0, now - receivedAt) : 0;
  return <p className="lane-clock">{clock(progress.elapsedMs + since)}</p>;
}

function stageWords({ progress, result }: LaneState, live: boolean): string {
  if (result) {
    const done = `First token after ${duration(result.ttftMs)}, ${count(result.tokensPerSecond)} tokens a second`;
    return live && progress?.stage === 'project' && progress.fraction < 1
      ? `${done}; ${projectionTexts.stage(progress.fraction)}`
      : done;
  }
  if (!live) return progress ? `Stopped at ${percent(progress.fraction)} of the prompt` : 'Not started';
  if (!progress) return 'Waits for its turn';
  if (progress.stage === 'warmup') return 'Warming up: kernels are compiled before the clock starts';
  if (progress.stage === 'decode') return 'Writing the answer';
  const place = `Layer ${progress.layer + 1} of ${progress.layers}${progress.chunks > 1 ? `, chunk ${progress.chunk + 1} of ${progress.chunks}` : ''}`;
  return progress.etaMs === null ? place : `${place}, ${roughly(progress.etaMs)} left`;
}
