import { NumberField } from './NumberField';
import { RunOrder } from './RunOrder';
import { count } from './format';
import { useActions, useModel, useSettings } from './stores';

export function LengthPanel() {
  const { context, newTokens, temperature, topP, seed } = useSettings((settings) => settings);
  const contextLength = useModel((state) => state.model?.contextLength);
  const { settings } = useActions();
  return (
    <section className="panel" aria-labelledby="length-title">
      <div className="panel-head">
        <h2 id="length-title">Length</h2>
      </div>
      <div className="fields">
        <NumberField
          label="Context, tokens"
          help="A longer document loses its middle."
          value={context}
          min={64}
          max={1_048_576}
          placeholder={contextLength === undefined ? 'as the model' : `model: ${count(contextLength)}`}
          onChange={(value) => {
            settings.set({ context: value });
          }}
        />
        <NumberField
          label="New tokens"
          help="The answer at most."
          value={newTokens}
          min={1}
          max={8_192}
          onChange={(value) => {
            if (value !== null) settings.set({ newTokens: value });
          }}
        />
      </div>
      <details>
        <summary>Sampling and order</summary>
        <div className="fields">
          <NumberField
            label="Temperature"
            help="0 always takes the likeliest token."
            value={temperature}
            min={0}
            max={10}
            step="any"
            onChange={(value) => {
              if (value !== null) settings.set({ temperature: value });
            }}
          />
          <NumberField
            label="Top-p"
            help="Share of likelihood to draw from."
            value={topP}
            min={0.01}
            max={1}
            step="any"
            onChange={(value) => {
              if (value !== null) settings.set({ topP: value });
            }}
          />
          <NumberField
            label="Seed"
            help="The same seed draws the same."
            value={seed}
            min={0}
            max={4_294_967_295}
            onChange={(value) => {
              if (value !== null) settings.set({ seed: value });
            }}
          />
        </div>
        <RunOrder />
      </details>
    </section>
  );
}
