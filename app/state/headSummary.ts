/** What a configuration by head says, in a line. */
import { count as grouped, counted } from '../counted';
import { defaultHead, parseHeadConfig, readHeadConfig, type HeadType } from '../attention/headConfig';

const words: Record<HeadType, string> = {
  vertical_and_slash: 'vertical-slash',
  stream_llm: 'A-shape',
  block_sparse: 'block-sparse',
};

const usual = `MInference’s default, ${grouped(defaultHead.verticalSize)} columns and ${grouped(defaultHead.slashSize)} diagonals`;

/** What the file leaves out: MInference's own may, and one of another model does. */
function missingSentence(
  named: readonly ReadonlyMap<number, unknown>[],
  { layers, heads }: { layers: number; heads: number },
): string {
  const known = named.reduce((sum, layer) => sum + layer.size, 0);
  const all = layers * heads;
  if (known === all && all > 0) return '';
  if (known === 0) return ` The file names no head: each gets ${usual}.`;
  const short = named.length < layers ? ` and ${named.length} of the model’s ${layers} layers` : '';
  return ` The file names only ${known} of ${counted(all, 'head')}${short}; the other ${all - known} get ${usual}.`;
}

/**
 * '8 layers × 6 heads: 12 A-shape, 36 vertical-slash.', and how many of them the file does not name. Without a model, of
 * as many layers and heads as the file names. Throws a `UserError` where the file can't be read, or is not of this model.
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
  if (heads.length === 0) return missingSentence(named, shape).trim();
  const size = `${counted(shape.layers, 'layer')} × ${counted(shape.heads, 'head')}`;
  return `${size}: ${list.join(', ')}.${missingSentence(named, shape)}`;
}
