/** Every causal tile: no list, no estimate. What other patterns become where sparse cannot pay. */
import type { Geometry, Pattern, PatternName, SettingValue } from './types';

export function densePattern(
  geometry: Pick<Geometry, 'layers' | 'heads'>,
  asked: { name: PatternName; settings: Record<string, SettingValue>; note?: string } = {
    name: 'dense',
    settings: {},
  },
): Pattern {
  const totalHeads = geometry.layers * geometry.heads;
  const note = asked.note === undefined ? {} : { note: asked.note };
  return {
    name: asked.name,
    settings: asked.settings,
    tailRows: 0,
    indexBytes: 0,
    prepareFlops: 0,
    ...note,
    prepareLayer: () => undefined,
    indexRows: () => null,
    statistics: () =>
      Promise.resolve({
        density: 1,
        headDensity: Array.from({ length: totalHeads }, () => 1),
        // 'dense' itself did not fall back to anything.
        denseHeads: asked.name === 'dense' ? 0 : totalHeads,
        totalHeads,
        ...note,
      }),
    destroy: () => undefined,
  };
}
