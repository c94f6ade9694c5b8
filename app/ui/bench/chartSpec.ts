/** Results as Observable Plot specifications. Colours are the page's own, so both themes hold; the tables say the same. */
import type { PlotOptions } from '@observablehq/plot';

export interface ChartSpec {
  title: string;
  /** What a person sees who can't see it. */
  description: string;
  options: PlotOptions;
}

export function shared(width: number): PlotOptions {
  return {
    width,
    style: { background: 'none', color: 'var(--ink)', fontFamily: 'inherit', fontSize: '13px' },
  };
}
