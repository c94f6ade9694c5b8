import { patternChoice } from '../state/patterns';
import { sampleTokens } from '../state/sampleSize';
import { MaskGlyph } from './MaskGlyph';
import { useActions, useModel, useSettings } from './stores';

/** Before the first run: what will be compared, as two pictures, and one click that starts it. */
export function Empty() {
  const ready = useModel((state) => state.model !== null);
  const noGpu = useModel((state) => state.adapterError !== null);
  const software = useModel((state) => state.adapter?.software !== false);
  const pattern = useSettings((settings) =>
    patternChoice(settings.pattern === 'dense' ? 'adaptive' : settings.pattern),
  );
  const chosen = useSettings((settings) => settings.sampleTokens);
  const { document, run } = useActions();
  return (
    <section className="empty" aria-labelledby="empty-title">
      <h2 id="empty-title">Most of a long prompt is not looked at</h2>
      <p className="lede">
        Before a model can answer, every token of the prompt looks back at every token before it. Sparse
        attention finds out which of those looks matter and skips the rest. Here both ways run on the same
        weights, with the same kernel, and you see what that saves and what it costs.
      </p>
      <div className="masks">
        <figure data-lane="dense">
          <MaskGlyph mask={patternChoice('dense').mask} size={220} tiles={20} />
          <figcaption>
            <strong>Dense</strong> All tiles below the diagonal
          </figcaption>
        </figure>
        <figure data-lane="sparse">
          <MaskGlyph mask={pattern.mask} size={220} tiles={20} />
          <figcaption>
            <strong>{pattern.label}</strong> The tiles that this pattern keeps
          </figcaption>
        </figure>
      </div>
      <button
        type="button"
        className="primary"
        disabled={!ready}
        onClick={() => {
          void document.openSample('report', sampleTokens(chosen, software), 1).then(() => run.run());
        }}
      >
        {ready ? 'Compare on a sample report' : noGpu ? 'Runs need a GPU' : 'The model is not loaded yet'}
      </button>
    </section>
  );
}
