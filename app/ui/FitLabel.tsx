import type { Fit, Verdict } from '../state/fit';
import { bytes, count } from './format';

/** Short enough for a list; the whole reason is in `fitReason`. */
export function fitWords({ verdict, tokens, longest }: Fit): string {
  const at = `at ${count(tokens)} tokens`;
  if (verdict === 'fits') return `fits ${at}`;
  if (verdict === 'tight') return `tight ${at}`;
  return longest === 0 ? 'won’t fit' : `won’t fit ${at}; fits at ${count(longest)}`;
}

export function fitReason({ verdict, by, total }: Fit): string {
  const need = `Weights, keys and values and working memory come to about ${bytes(total)}.`;
  switch (by) {
    case 'none':
      return `${need} That is within what this GPU is known to have.`;
    case 'unknown':
      return `${need} That is more than one GPU buffer can hold here, and browsers do not tell how much memory there is in all. State your GPU memory below to know more.`;
    case 'buffers':
      return `${need} One part of it would be larger than any GPU buffer may be here.`;
    case 'memory':
      return verdict === 'tight'
        ? `${need} That leaves less than 15% of the GPU memory that you stated, and the screen and the browser need some too.`
        : `${need} That is more than the GPU memory that you stated.`;
  }
}

const tones: Record<Verdict, string> = { fits: 'fit-yes', tight: 'fit-tight', no: 'fit-no' };

export function FitLabel({ fit }: { fit: Fit }) {
  return (
    <span className={`fit ${tones[fit.verdict]}`} title={fitReason(fit)}>
      {fitWords(fit)}
      <span className="unseen"> {fitReason(fit)}</span>
    </span>
  );
}
