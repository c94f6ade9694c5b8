import { useRef } from 'react';
import type { SampleKind } from '../documents/samples';
import { sampleTokens } from '../state/sampleSize';
import { ReadWhole } from './ReadWhole';
import { counted } from './format';
import { useActions, useDocument, useModel, useSettings } from './stores';

const samples: readonly { kind: SampleKind; name: string; sentence: string }[] = [
  { kind: 'report', name: 'Report', sentence: 'Prose' },
  { kind: 'log', name: 'Server log', sentence: 'Events' },
  { kind: 'records', name: 'Records', sentence: 'Inventory' },
];
const sizes = [400, 2_000, 8_000, 32_000, 128_000, 200_000, 512_000, 1_000_000];

export function Samples() {
  const chosen = useSettings((settings) => settings.sampleTokens);
  const software = useModel((state) => state.adapter?.software !== false);
  const tokens = sampleTokens(chosen, software);
  const making = useDocument((state) => state.making);
  const { document, settings } = useActions();
  // Another click on the same card makes another sample; the first is always the same.
  const seeds = useRef<Partial<Record<SampleKind, number>>>({});
  return (
    <fieldset className="samples">
      <legend className="unseen">Samples</legend>
      <div className="row row-spread">
        <p className="help">Samples with planted facts</p>
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
              void document.openSample(kind, tokens, seed);
            }}
          >
            <strong>{name}</strong>
            <span>{sentence}</span>
          </button>
        ))}
      </div>
      {making && <output className="help">Making a sample of {counted(tokens, 'token')}…</output>}
      <ReadWhole />
    </fieldset>
  );
}
