import { lazy, Suspense } from 'react';
import { ErrorNote } from '../ErrorNote';
import { useScaling } from '../stores';
import { ScalingForm } from './ScalingForm';
import { scalingTexts as words } from './scalingTexts';
import './scaling.css';

const ScalingOutcome = lazy(() => import('./ScalingOutcome'));

/** A list of lengths to run, and both curves. Loaded when it is opened. */
export default function ScalingPanel() {
  const result = useScaling((state) => state.result);
  const error = useScaling((state) => state.error);
  return (
    <div className="stack scaling">
      <p>{words.intro}</p>
      <ScalingForm />
      {error && <ErrorNote error={error} />}
      {result && result.points.length > 0 && (
        <Suspense fallback={null}>
          <ScalingOutcome result={result} />
        </Suspense>
      )}
    </div>
  );
}
