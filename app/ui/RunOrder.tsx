import { DenseChoice, useDenseEstimate } from './DenseChoice';
import { useActions, useSettings } from './stores';

const orders = [
  { value: 'dense-first', label: 'Dense first' },
  { value: 'sparse-first', label: 'Sparse first' },
] as const;

export function RunOrder() {
  const order = useSettings((settings) => settings.order);
  const withDense = useSettings((settings) => settings.withDense);
  const estimate = useDenseEstimate();
  const { settings } = useActions();
  return (
    <div className="stack">
      <fieldset className="segments" disabled={withDense !== true}>
        <legend>Which run goes first</legend>
        {orders.map(({ value, label }) => (
          <label key={value}>
            <input
              type="radio"
              name="order"
              checked={order === value}
              onChange={() => {
                settings.set({ order: value });
              }}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <DenseChoice estimate={estimate} />
    </div>
  );
}
