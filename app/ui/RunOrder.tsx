import { useActions, useSettings } from './stores';

const orders = [
  { value: 'dense-first', label: 'Dense first' },
  { value: 'sparse-first', label: 'Sparse first' },
] as const;

export function RunOrder() {
  const order = useSettings((settings) => settings.order);
  const withDense = useSettings((settings) => settings.withDense);
  const { settings } = useActions();
  return (
    <div className="stack">
      <fieldset className="segments" disabled={!withDense}>
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
      <label className="check">
        <input
          type="checkbox"
          checked={withDense}
          onChange={(event) => {
            settings.set({ withDense: event.target.checked });
          }}
        />
        <span>Run dense too. Without it there is no speed-up and no fidelity.</span>
      </label>
    </div>
  );
}
