import { lazy, Suspense, useState } from 'react';

const ScalingPanel = lazy(() => import('./scaling/ScalingPanel'));

/** Folded until asked for, and fetched then. */
export function Scaling() {
  const [open, setOpen] = useState(false);
  return (
    <section className="growth" aria-labelledby="growth-title">
      <h2 id="growth-title">How does it grow?</h2>
      <details
        onToggle={(event) => {
          setOpen(event.currentTarget.open);
        }}
      >
        <summary>Time by length</summary>
        {open && (
          <Suspense fallback={null}>
            <ScalingPanel />
          </Suspense>
        )}
      </details>
    </section>
  );
}
