import { useRef } from 'react';
import type { SampleKind } from '../documents/samples';
import { counted } from './format';
import { useActions, useModel, useSettings } from './stores';

const samples: readonly { kind: SampleKind; name: string; sentence: string }[] = [
  { kind: 'report', name: 'Report', sentence: 'Prose' },
  { kind: 'log', name: 'Server log', sentence: 'Events' },
  { kind: 'records', name: 'Records', sentence: 'Inventory' },
];
const sizes = [400, 2_000, 8_000, 32_000, 128_000, 512_000];

export function Samples() {
  const chosen = useSettings((settings) => settings.sampleTokens);
  const software = useModel((state) => state.adapter?.software !== false);
  const tokens = chosen ?? (software ? 400 : 8_000);
  const { document, settings } = useActions();
  // Another click on the same card makes another sample; the first is always the same.
  const seeds = useRef<Partial<Record<SampleKind, number>>>({});
  return (
    <fieldset className="samples">
      <legend className="unseen">Samples</legend>
      <div className="row row-spread">
        <p className="help">Samples with a planted fact</p>
        <label className="inline-field">
          <span className="unseen">Sample length</span>
          <select
            value={tokens}
            onChange={(event) => {
              settings.set({ sampleTokens: Number(event.target.value) });
            }}
          >
            {[...new Set([...sizes, tokens])].map((size) => (
              <option key={size} value={size}>
                {counted(size, 'token')}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div className="cards">
        {samples.map(({ kind, name, sentence }) => (
          <button
            key={kind}
            type="button"
            className="card"
            onClick={() => {
              const seed = (seeds.current[kind] ?? 0) + 1;
              seeds.current[kind] = seed;
              document.openSample(kind, tokens, seed);
            }}
          >
            <strong>{name}</strong>
            <span>{sentence}</span>
          </button>
        ))}
      </div>
    </fieldset>
  );
}
