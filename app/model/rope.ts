/** Inverse frequencies of rotary position embedding in f64, as transformers' `modeling_rope_utils.py` defines them. */
import type { RopeConfig } from './config';

/** `inverse` [headDim / 2] in radians a position; `scale` multiplies cos and sin (YaRN's attention factor). */
export function inverseFrequencies(
  rope: RopeConfig,
  headDim: number,
  contextLength: number,
): { inverse: Float64Array; scale: number } {
  const plain = Float64Array.from(
    { length: headDim / 2 },
    (_, pair) => rope.theta ** ((-2 * pair) / headDim),
  );
  switch (rope.kind) {
    case 'default':
      return { inverse: plain, scale: 1 };
    case 'linear':
      return { inverse: plain.map((frequency) => frequency / rope.factor), scale: 1 };
    case 'llama3':
      return { inverse: plain.map((frequency) => llama3(frequency, rope)), scale: 1 };
    case 'yarn':
      return yarn(plain, rope, headDim, contextLength);
  }
}

/** Llama 3.1: long wavelengths are stretched, short ones kept, those between blended. */
function llama3(frequency: number, rope: RopeConfig): number {
  const wavelength = (2 * Math.PI) / frequency;
  const low = rope.originalContext / rope.lowFrequencyFactor;
  const high = rope.originalContext / rope.highFrequencyFactor;
  if (wavelength > low) return frequency / rope.factor;
  if (wavelength < high) return frequency;
  const smooth =
    (rope.originalContext / wavelength - rope.lowFrequencyFactor) /
    (rope.highFrequencyFactor - rope.lowFrequencyFactor);
  return ((1 - smooth) * frequency) / rope.factor + smooth * frequency;
}

/** Peng et al. 2023, section 3.2: interpolate slow pairs, keep fast ones, ramp between the two correction dims. */
function yarn(
  plain: Float64Array,
  rope: RopeConfig,
  headDim: number,
  contextLength: number,
): { inverse: Float64Array; scale: number } {
  const original = rope.originalContext || contextLength;
  const dimOf = (rotations: number): number =>
    (headDim * Math.log(original / (rotations * 2 * Math.PI))) / (2 * Math.log(rope.theta));
  const round = rope.truncate ? { down: Math.floor, up: Math.ceil } : { down: Number, up: Number };
  const low = Math.max(round.down(dimOf(rope.betaFast)), 0);
  const high = Math.min(round.up(dimOf(rope.betaSlow)), headDim - 1);
  // A ramp of no width would divide by zero.
  const width = high === low ? 0.001 : high - low;
  const inverse = plain.map((frequency, pair) => {
    const ramp = Math.min(1, Math.max(0, (pair - low) / width));
    return (frequency / rope.factor) * ramp + frequency * (1 - ramp);
  });
  return { inverse, scale: yarnScale(rope) };
}

function yarnScale(rope: RopeConfig): number {
  if (rope.attentionFactor !== null) return rope.attentionFactor;
  const grow = (mscale: number): number => (rope.factor <= 1 ? 1 : 0.1 * mscale * Math.log(rope.factor) + 1);
  if (rope.mscale !== null && rope.mscaleAllDim !== null) return grow(rope.mscale) / grow(rope.mscaleAllDim);
  return grow(1);
}
