import type { AdapterReport } from '../engine/types';

/** The tiers in words: one for all kernels, or that of attention beside it where they differ. */
export function tierText({ tier, attentionTier }: Pick<AdapterReport, 'tier' | 'attentionTier'>): string {
  return attentionTier ? `${tier}, attention ${attentionTier}` : tier;
}
