import { useMemo, useRef, useState } from 'react';
import type { RetentionReport } from '../../engine/types';
import type { FinishedRun } from '../../state/run';
import { chartCaption } from '../comparison';
import { count, counted } from '../format';
import { SaveChart } from '../SaveChart';
import { Findings } from './Findings';
import { factWords, plantedFact, topPassages } from './findings';
import { HeatStrip, strengthStyle } from './HeatStrip';
import {
  legendOf,
  mostOf,
  passageAt,
  passagesOf,
  passageValues,
  readingKind,
  lastRowsDense,
  retentionMeasures,
  type MeasureKind,
} from './passages';
import { ReadingPane } from './ReadingPane';
import './retention.css';

interface RetentionViewProps {
  run: FinishedRun;
  report: RetentionReport;
  /** null where the document is not at hand. */
  text: string | null;
}

const title = 'Which passages were read';

/** The prompt as a strip of heat, by one measure at a time, and the document's text at the passage chosen in it. */
export function RetentionView({ run, report, text }: RetentionViewProps) {
  const [kind, setKind] = useState<MeasureKind | undefined>(() => readingKind(report));
  const { tokens } = run.result.prompt;
  const passages = useMemo(() => passagesOf(report, tokens), [report, tokens]);
  // A search through all of the text.
  const fact = useMemo(() => plantedFact(report, text, run.expected), [report, text, run.expected]);
  const [place, setPlace] = useState(() => {
    const chosen = fact?.bins && passageAt(passages, fact.start);
    return chosen?.at ?? topPassages(passages, report.lastMass)[0]?.passage.at ?? 0;
  });
  const [shown, setShown] = useState(place);
  const pane = useRef<HTMLElement>(null);
  if (!kind) return null;
  const values = passageValues(report, kind, passages);
  const most = mostOf(kind, values);
  const passage = passages[shown];
  const jump = (to: number): void => {
    setPlace(to);
    setShown(to);
  };
  const draw = async (): Promise<string> => {
    const { heatStripSvg } = await import('../export/heatStripSvg');
    const { notes } = chartCaption([run.result]);
    const factLine = fact ? [factWords(report, fact, tokens)] : [];
    return heatStripSvg({
      title: `${kind.label}: ${count(tokens)} tokens, ${run.result.model.id}`,
      notes: [kind.legend, ...factLine, ...notes],
      values,
      most,
      fact: fact?.bins ? (fact.bins.first * report.tokensPerBin) / tokens : null,
      tokens,
    });
  };
  return (
    <>
      <fieldset className="row head-measures">
        <legend className="unseen">Measure shown</legend>
        {retentionMeasures.map((one) => (
          <label key={one.name}>
            <input
              type="radio"
              name="retention-measure"
              checked={one === kind}
              onChange={() => {
                setKind(one);
              }}
            />
            {one.label}
          </label>
        ))}
      </fieldset>
      <HeatStrip
        passages={passages}
        values={values}
        most={most}
        kind={kind}
        text={text}
        place={place}
        onPlace={setPlace}
        onJump={(to, by) => {
          jump(to);
          if (by === 'key') pane.current?.focus();
        }}
        fact={fact?.bins ? (fact.bins.first * report.tokensPerBin) / tokens : null}
      />
      <div className="row heat-scale">
        <ul className="heat-legend" aria-hidden="true">
          {legendOf(most).map(({ strength, label }) => (
            <li key={strength}>
              <span style={strengthStyle(strength)} />
              {label}
            </li>
          ))}
        </ul>
        <SaveChart title={title} draw={draw} />
      </div>
      <p className="help">
        {kind.legend} Mean over all layers and heads; the last rows are those of the prompt’s last{' '}
        {counted(report.lastRows, 'token')}.
        {lastRowsDense(report) && ' This pattern computes those densely: they read everything.'}
        {passages.some(({ characters }) => !characters) && ' Lower cells are template and question.'}
      </p>
      {fact && <p>{factWords(report, fact, tokens)}</p>}
      {text !== null && passage && (
        <ReadingPane
          report={report}
          text={text}
          kind={kind}
          passage={passage}
          fact={fact}
          pane={pane}
          onBin={(bin) => {
            const to = passages.find(({ endBin }) => endBin > bin);
            if (to) jump(to.at);
          }}
        />
      )}
      <Findings
        report={report}
        tokens={tokens}
        passages={passages}
        values={values}
        kind={kind}
        text={text}
        onJump={jump}
      />
    </>
  );
}
