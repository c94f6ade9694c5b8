import type { Tier } from '../engine/types';
import { MaskGlyph } from './MaskGlyph';
import { ThemeSwitch } from './ThemeSwitch';
import { useActions, useModel } from './stores';
import { texts } from './texts';
import { patternChoice } from '../state/patterns';

const tierNames: Record<Tier, string> = {
  portable: 'portable kernels',
  f16: 'f16 kernels',
  'f16-subgroups': 'f16 and subgroups',
  'subgroup-matrix': 'subgroup matrices',
};

export function Header() {
  const { page } = useActions();
  return (
    <header className="header">
      <div className="header-name">
        <span className="header-mark">
          <MaskGlyph mask={patternChoice('vertical_slash').mask} size={36} tiles={12} />
        </span>
        <div>
          <h1>MInference in the browser</h1>
          <p>
            One long prompt, answered twice by the same model: with dense and with sparse attention, on your
            GPU.
          </p>
        </div>
      </div>
      <div className="header-side">
        <AdapterBadge />
        <ThemeSwitch />
        <button
          type="button"
          className="quiet"
          onClick={() => {
            page.open({ kind: 'settings' });
          }}
        >
          {texts.page.settings}
        </button>
      </div>
    </header>
  );
}

function AdapterBadge() {
  const adapter = useModel((state) => state.adapter);
  const error = useModel((state) => state.adapterError);
  if (error) return <p className="badge badge-off">No GPU in use</p>;
  if (!adapter) return <p className="badge">Looking for a GPU…</p>;
  return (
    <p className="badge" title={adapter.features.join(', ')}>
      <span className="badge-name">{adapter.description}</span>
      <span className="badge-tier">
        {tierNames[adapter.tier]}
        {adapter.attentionTier && `, attention ${tierNames[adapter.attentionTier]}`}
      </span>
      {adapter.software && <strong className="badge-software">software adapter: correct, not fast</strong>}
    </p>
  );
}
