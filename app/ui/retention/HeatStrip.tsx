import { useState, type CSSProperties, type KeyboardEvent, type MouseEvent } from 'react';
import { count } from '../format';
import { passageWords, stepped, strengthOf, type MeasureKind, type Passage } from './passages';

interface HeatStripProps {
  passages: readonly Passage[];
  values: readonly number[];
  most: number;
  kind: MeasureKind;
  /** null: the document is not at hand. */
  text: string | null;
  place: number;
  onPlace: (place: number) => void;
  /** Asked to go to the passage in the text. */
  onJump: (place: number, by: 'key' | 'pointer') => void;
  /** Share of the prompt before the planted fact; null without one. */
  fact: number | null;
}

/** The whole prompt from left to right as one slider: a single tab stop, arrows along it, Enter into the text. */
export function HeatStrip(props: HeatStripProps) {
  const { passages, values, most, kind, text, place, onPlace, onJump, fact } = props;
  const [hovered, setHovered] = useState<number | null>(null);
  const passageOf = ({ clientX, currentTarget }: MouseEvent): number => {
    const { left, width } = currentTarget.getBoundingClientRect();
    const at = Math.floor(((clientX - left) / width) * passages.length);
    return Math.min(passages.length - 1, Math.max(0, at));
  };
  const words = (at: number): string => {
    const passage = passages[at];
    return passage ? passageWords(passage, kind, values[at] ?? 0, text) : '';
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') onJump(place, 'key');
    const to = stepped(place, event.key, passages.length);
    if (to !== null) onPlace(to);
    if (to !== null || event.key === 'Enter') event.preventDefault();
  };
  const last = passages.at(-1)?.endToken ?? 0;
  return (
    <div className="heat">
      <div className="heat-marks" aria-hidden="true">
        {fact !== null && (
          <span className="heat-fact" style={{ left: `${fact * 100}%` }} data-late={fact > 0.5 || undefined}>
            <span>planted fact</span>
          </span>
        )}
      </div>
      <div className="heat-strip">
        <svg viewBox={`0 0 ${passages.length} 1`} preserveAspectRatio="none" aria-hidden="true">
          {passages.map(({ at, characters }) => (
            <rect
              key={at}
              x={at}
              width={1}
              height={characters ? 1 : 0.6}
              y={characters ? 0 : 0.4}
              style={strengthStyle(strengthOf(values[at] ?? 0, most))}
            />
          ))}
        </svg>
        <span
          className="heat-place"
          aria-hidden="true"
          style={{ left: `${(place / passages.length) * 100}%`, width: `${100 / passages.length}%` }}
        />
        <input
          type="range"
          min={1}
          max={passages.length}
          value={place + 1}
          aria-label={`${kind.label}, passage by passage`}
          aria-valuetext={words(place)}
          onChange={(event) => {
            onPlace(Number(event.currentTarget.value) - 1);
          }}
          onKeyDown={onKeyDown}
          onPointerMove={(event) => {
            setHovered(passageOf(event));
          }}
          onPointerLeave={() => {
            setHovered(null);
          }}
          onClick={(event) => {
            onJump(passageOf(event), 'pointer');
          }}
        />
      </div>
      <div className="heat-ends" aria-hidden="true">
        <span>token 1</span>
        <span>{count(last)}</span>
      </div>
      <p className="heat-words" aria-hidden="true">
        {words(hovered ?? place)}
      </p>
    </div>
  );
}

export function strengthStyle(strength: number): CSSProperties {
  // A property of our own, which React's types do not know.
  return { '--strength': `${Math.round(strength * 100)}%` } as CSSProperties;
}
