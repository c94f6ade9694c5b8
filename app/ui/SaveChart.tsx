import { useActions } from './stores';
import { texts } from './texts';

interface SaveChartProps {
  title: string;
  /** The chart as SVG; fetched code may be needed to draw it. null: there is nothing to save. */
  draw: () => Promise<string | null> | string | null;
}

/** Any chart as a file. */
export function SaveChart({ title, draw }: SaveChartProps) {
  const { toasts } = useActions();
  const save = async (kind: 'saveSvg' | 'savePng'): Promise<void> => {
    try {
      const [charts, markup] = await Promise.all([import('./export/saveChart'), draw()]);
      if (markup !== null) await charts[kind](markup, title);
    } catch {
      toasts.say(texts.chart.failed);
    }
  };
  return (
    <span className="row save-chart">
      <button
        type="button"
        className="quiet"
        aria-label={texts.chart.label(title, texts.chart.svg)}
        onClick={() => void save('saveSvg')}
      >
        {texts.chart.svg}
      </button>
      <button
        type="button"
        className="quiet"
        aria-label={texts.chart.label(title, texts.chart.png)}
        onClick={() => void save('savePng')}
      >
        {texts.chart.png}
      </button>
    </span>
  );
}
