import { memo } from 'react';
import type { Mask } from '../state/patterns';

interface MaskGlyphProps {
  mask: Mask;
  size: number;
  tiles?: number;
}

/** A pattern in miniature: the causal triangle, with the tiles that are computed filled. Decoration; the text says it. */
export const MaskGlyph = memo(function MaskGlyph({ mask, size, tiles = 12 }: MaskGlyphProps) {
  const cells = Array.from({ length: tiles }, (_, row) =>
    Array.from({ length: row + 1 }, (__, column) => ({ row, column, on: mask(row, column) })),
  ).flat();
  return (
    <svg className="glyph" viewBox={`0 0 ${tiles} ${tiles}`} width={size} height={size} aria-hidden="true">
      {cells.map(({ row, column, on }) => (
        <rect
          key={`${row} ${column}`}
          className={on ? 'glyph-on' : 'glyph-off'}
          x={column + 0.06}
          y={row + 0.06}
          width={0.88}
          height={0.88}
          rx={0.14}
        />
      ))}
    </svg>
  );
});
