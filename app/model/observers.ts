/** Several observers of one prefill as one, each told everything in their order. */
import type { PrefillObserver } from './prefill';

export function joined(observers: readonly PrefillObserver[]): PrefillObserver {
  return {
    tailRows: observers.flatMap(({ tailRows }) => [...tailRows]),
    layerFlops: observers.reduce((sum, { layerFlops }) => sum + layerFlops, 0),
    observesRows: observers.some(({ observesRows }) => observesRows),
    observeRows: (...given) => {
      for (const observer of observers) observer.observeRows(...given);
    },
    async prepareLayer(...given) {
      for (const observer of observers) await observer.prepareLayer(...given);
    },
    async rows(...given) {
      for (const observer of observers) await observer.rows(...given);
    },
    async attended(...given) {
      for (const observer of observers) await observer.attended?.(...given);
    },
  };
}
