/** What a configuration by head says, in a line. */
import { parseHeadConfig, readHeadConfig, type HeadType } from '../attention/headConfig';

const words: Record<HeadType, string> = {
  vertical_and_slash: 'vertical-slash',
  stream_llm: 'A-shape',
  block_sparse: 'block-sparse',
};

/**
 * '8 layers × 6 heads: 12 A-shape, 36 vertical-slash (4 by default).' Without a model, of as many layers and heads as the
 * file names. Throws a `UserError` where the file can't be read, or is not of this model.
 */
export function headSummary(text: string, model: { layers: number; heads: number } | null): string {
  const named = readHeadConfig(text);
  const shape = model ?? {
    layers: named.length,
    heads: Math.max(0, ...named.flatMap((layer) => [...layer.keys()].map((head) => head + 1))),
  };
  const heads = parseHeadConfig(text, shape).flat();
  const counts = Object.entries(words).map(([type, word]) => ({
    word,
    count: heads.filter((head) => head.type === type).length,
  }));
  const list = counts.flatMap(({ word, count }) => (count > 0 ? [`${count} ${word}`] : []));
  const missing = heads.length - named.reduce((sum, layer) => sum + layer.size, 0);
  const defaults = missing > 0 ? ` (${missing} by default)` : '';
  const size = `${shape.layers} layers × ${shape.heads} heads`;
  return list.length > 0 ? `${size}: ${list.join(', ')}${defaults}.` : `${size}: the file names none.`;
}
