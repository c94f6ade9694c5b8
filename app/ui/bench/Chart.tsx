import * as Plot from '@observablehq/plot';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import type { ChartSpec } from './chartSpec';
import { SaveChart } from '../SaveChart';

interface ChartProps {
  /** null where the result has nothing to draw. */
  draw: (width: number) => ChartSpec | null;
  /** A legend, where the chart has none of its own. */
  children?: ReactNode;
}

/** A drawn chart as wide as its place; its description stands for it where it can't be seen. */
export function Chart({ draw, children }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const titleId = useId();
  const chart = draw(width);

  useEffect(() => {
    const box = place.current;
    if (!box || !chart) return;
    const drawn = Plot.plot(chart.options);
    box.replaceChildren(drawn);
    return () => {
      drawn.remove();
    };
  });

  if (!chart) return null;
  return (
    <figure className="bench-chart" aria-labelledby={titleId}>
      <div className="section-head">
        <h3 id={titleId}>{chart.title}</h3>
        <SaveChart
          title={chart.title}
          draw={async () => {
            const { markupOf } = await import('../export/saveChart');
            // Legends come first and are SVG too.
            const svg = [...(place.current?.querySelectorAll('svg') ?? [])].at(-1);
            return svg ? markupOf(svg) : null;
          }}
        />
      </div>
      <p className="unseen">{chart.description}</p>
      <div ref={place} aria-hidden="true" />
      {children}
    </figure>
  );
}

function useWidth(place: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(280, Math.floor(entry.contentRect.width)));
    });
    observer.observe(box);
    return () => {
      observer.disconnect();
    };
  }, [place]);
  return width;
}
