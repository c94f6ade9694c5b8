import { useEffect, useRef } from 'react';
import type { HeadMaps } from '../../engine/types';
import { count } from '../format';
import type { HeadPlace } from './measures';

/** Of the page's two hues, shades that stand out on a light and on a dark page: a drawing does not follow the theme. */
const tileColour = '#5b6cc0';
const columnColour = '#d9772e';
const skippedColour = '#808080';

interface HeadTilesProps {
  maps: HeadMaps;
  heads: number;
  place: HeadPlace;
}

/** What one head computed: the causal triangle with its tiles, and the keys that it gathered one by one. */
export function HeadTiles({ maps, heads, place }: HeadTilesProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { layer, head } = place;
  const { cells } = maps;
  useEffect(() => {
    if (canvas.current) draw(canvas.current, maps, layer * heads + head);
  }, [maps, heads, layer, head]);
  const side = maps.tokensPerCell;
  return (
    <figure className="head-tiles">
      <canvas ref={canvas} width={cells} height={cells} aria-hidden="true" />
      <figcaption className="help">
        Rows of the prompt down, keys across, {count(side)} by {count(side)} tokens a cell. Computed tiles in
        blue, single gathered keys in orange; what is faint was skipped.
      </figcaption>
    </figure>
  );
}

function draw(canvas: HTMLCanvasElement, { cells, tiles, columns }: HeadMaps, map: number): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, cells, cells);
  const cell = (colour: string, alpha: number, row: number, column: number): void => {
    context.fillStyle = colour;
    context.globalAlpha = alpha;
    context.fillRect(column, row, 1, 1);
  };
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column <= row; column++) {
      const at = map * cells ** 2 + row * cells + column;
      cell(skippedColour, 0.15, row, column);
      const tile = (tiles[at] ?? 0) / 255;
      if (tile > 0) cell(tileColour, 0.25 + 0.75 * tile, row, column);
      const gathered = (columns[at] ?? 0) / 255;
      // A few keys of a cell are a small share of it, and must still be seen.
      if (gathered > 0) cell(columnColour, 0.3 + 0.7 * Math.sqrt(gathered), row, column);
    }
  }
}
