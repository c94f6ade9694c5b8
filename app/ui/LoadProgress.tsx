import type { LoadState } from '../state/model';
import { bytes, roughly } from './format';

interface LoadProgressProps {
  load: LoadState;
  name: string;
  onCancel: () => void;
}

const stages = {
  download: 'downloading',
  config: 'reading its configuration',
  tokenizer: 'reading its tokenizer',
  weights: 'loading weights',
  pipelines: 'preparing kernels',
} as const;

/** The bar holds at 99% until the model is ready: bytes are not all of it. */
export function LoadProgress({ load, name, onCancel }: LoadProgressProps) {
  const { progress, rate, etaSeconds } = load;
  const counted = progress?.stage === 'weights' || progress?.stage === 'download';
  const known = counted && progress.total > 0;
  const share = known ? Math.min(0.99, progress.loaded / progress.total) : undefined;
  return (
    <div className="load">
      <p className="model-name" id="load-name">
        {name} <span className="soft">{progress ? stages[progress.stage] : 'waiting'}</span>
      </p>
      <progress aria-labelledby="load-name" max={1} value={progress?.stage === 'pipelines' ? 0.99 : share} />
      <div className="row row-spread">
        <p className="soft">
          {known && `${bytes(progress.loaded)} of ${bytes(progress.total)}`}
          {rate !== null && `, ${bytes(rate)}/s`}
          {etaSeconds !== null && `, ${roughly(etaSeconds * 1_000)} left`}
        </p>
        <button type="button" className="quiet" onClick={onCancel}>
          {progress?.stage === 'download' ? 'Pause download' : 'Cancel loading'}
        </button>
      </div>
    </div>
  );
}
