import { percent } from './format';
import { useActions, useDocument } from './stores';

/** Which file is being read, and how far. */
export function ReadingLine() {
  const reading = useDocument((state) => state.reading);
  const { document } = useActions();
  if (!reading) return null;
  const { name, number, total, fraction } = reading;
  return (
    <div className="reading">
      <output>
        Reading {name}
        {total > 1 && ` (${number} of ${total})`}…
      </output>
      <div className="reading-bar">
        <progress
          value={(number - 1 + fraction) / total}
          aria-label="Reading"
          aria-valuetext={percent(fraction)}
        />
        <button type="button" className="quiet" onClick={document.cancelReading}>
          Stop reading
        </button>
      </div>
    </div>
  );
}
