import { useLayoutEffect, type RefObject } from 'react';
import type { RetentionReport } from '../../engine/types';
import { count } from '../format';
import type { PlantedFact } from './findings';
import { strengthStyle } from './HeatStrip';
import { shareText, strengthOf, valueOf, type MeasureKind, type Passage } from './passages';
import { windowAround, type Piece } from './window';

interface ReadingPaneProps {
  report: RetentionReport;
  text: string;
  kind: MeasureKind;
  passage: Passage;
  fact: PlantedFact | null;
  /** For the strip, which sends the focus here. */
  pane: RefObject<HTMLElement | null>;
  onBin: (bin: number) => void;
}

/** The document around one passage, each token or group of tokens shaded by its value. */
export function ReadingPane({ report, text, kind, passage, fact, pane, onBin }: ReadingPaneProps) {
  const { firstBin, endBin, pieces } = windowAround(report, passage.firstBin, passage.endBin);
  const { at } = passage;
  useLayoutEffect(() => {
    const box = pane.current;
    if (!box) return;
    const chosen = box.querySelector<HTMLElement>(`[data-passage="${at}"]`);
    // Inside the box only: the page stays where it is.
    box.scrollTo({ top: chosen ? chosen.offsetTop - box.clientHeight / 3 : 0 });
  }, [pane, at]);
  const strongest = Math.max(...report.coverage.map((_, bin) => valueOf(report, kind, bin, bin + 1)));
  const most = kind.adds ? strongest : 1;
  return (
    <div className="reading">
      <div className="row reading-steps">
        <button
          type="button"
          className="quiet"
          disabled={firstBin === 0}
          onClick={() => {
            onBin(firstBin);
          }}
        >
          Earlier text
        </button>
        <button
          type="button"
          className="quiet"
          disabled={endBin >= report.starts.length}
          onClick={() => {
            onBin(endBin - 1);
          }}
        >
          Later text
        </button>
      </div>
      <section
        ref={pane}
        className="reading-text"
        aria-label="Document around the passage"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so keys must reach it
        tabIndex={0}
      >
        {pieces.map((piece) => {
          if (piece.kind === 'gap')
            return (
              <em key={`gap ${piece.start}`} className="reading-gap">
                {count(piece.end - piece.start)} characters left out of the prompt
              </em>
            );
          const value = valueOf(report, kind, piece.bin, piece.bin + 1);
          const inside = piece.bin >= passage.firstBin && piece.bin < passage.endBin;
          return (
            <span
              key={piece.bin}
              className="reading-bin"
              data-passage={inside ? at : undefined}
              style={strengthStyle(strengthOf(value, most) * 0.45)}
              title={kind.words(shareText(value))}
            >
              <Marked text={text} piece={piece} fact={fact} />
            </span>
          );
        })}
      </section>
    </div>
  );
}

/** A piece of text, with what it holds of the planted fact marked. */
function Marked({ text, piece, fact }: { text: string; piece: Piece; fact: PlantedFact | null }) {
  const { start, end } = piece;
  const from = fact ? Math.max(start, fact.start) : end;
  const to = fact ? Math.min(end, fact.end) : end;
  if (from >= to) return text.slice(start, end);
  return (
    <>
      {text.slice(start, from)}
      <mark className="reading-fact">{text.slice(from, to)}</mark>
      {text.slice(to, end)}
    </>
  );
}
