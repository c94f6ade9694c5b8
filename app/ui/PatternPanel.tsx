import { Fragment } from 'react';
import { patternChoice, patterns, type Link, type Parameter } from '../state/patterns';
import { HeadSearch, SearchProgress } from './HeadSearch';
import { MaskGlyph } from './MaskGlyph';
import { PatternParameters } from './PatternParameters';
import { useActions, useSettings } from './stores';

/** Shown without opening anything. */
function isMain(kind: Parameter['kind']): boolean {
  return kind === 'share' || kind === 'file';
}

function Links({ what, links }: { what: string; links: readonly Link[] }) {
  return (
    <p className="help">
      {what}:{' '}
      {links.map(({ label, url }, at) => (
        <Fragment key={url}>
          {at > 0 && ', '}
          <a href={url} target="_blank" rel="noreferrer">
            {label}
          </a>
        </Fragment>
      ))}
    </p>
  );
}

export function PatternPanel() {
  const chosen = useSettings((settings) => settings.pattern);
  const { settings } = useActions();
  const { parameters, papers, files } = patternChoice(chosen);
  const main = parameters.filter(({ kind }) => isMain(kind));
  const advanced = parameters.filter(({ kind }) => !isMain(kind));
  return (
    <section className="panel" aria-labelledby="pattern-title">
      <div className="panel-head">
        <h2 id="pattern-title">Sparse attention</h2>
      </div>
      <div className="choices" role="radiogroup" aria-labelledby="pattern-title">
        {patterns.map(({ name, label, sentence, mask }) => (
          <label key={name} className="choice" data-dense={name === 'dense' || undefined}>
            <input
              type="radio"
              name="pattern"
              value={name}
              checked={chosen === name}
              onChange={() => {
                settings.set({ pattern: name });
              }}
            />
            <MaskGlyph mask={mask} size={44} />
            <span className="choice-text">
              <strong>{label}</strong>
              <span>{sentence}</span>
            </span>
          </label>
        ))}
      </div>
      {main.length > 0 && <PatternParameters pattern={chosen} parameters={main} />}
      {chosen === 'minference' ? <HeadSearch /> : <SearchProgress />}
      {papers.length > 0 && <Links what={papers.length > 1 ? 'Papers' : 'Paper'} links={papers} />}
      {files && <Links what="Files of heads" links={[files]} />}
      {advanced.length > 0 && (
        <details>
          <summary>Advanced parameters</summary>
          <PatternParameters pattern={chosen} parameters={advanced} />
        </details>
      )}
    </section>
  );
}
