import { useState } from 'react';
import type { ModelReport, ModelSource } from '../engine/types';
import { Downloads } from './Downloads';
import { ErrorNote } from './ErrorNote';
import { LoadProgress } from './LoadProgress';
import { ModelSources, type SourceKind } from './ModelSources';
import { bytes, count, parameters } from './format';
import { pageTexts } from './pageTexts';
import { useActions, useBusy, useModel, usePrompt } from './stores';

function nameOf(source: ModelSource | null): string {
  switch (source?.kind) {
    case 'builtin':
      return 'Built-in model';
    case 'folder':
    case 'url':
      return source.name;
    case 'hub':
      return source.id;
    case undefined:
      return 'No model';
  }
}

export function ModelPanel() {
  const { model, source, loading, error, adapterError } = useModel((state) => state);
  const busy = useBusy();
  const [choosing, setChoosing] = useState(false);
  const [kind, setKind] = useState<SourceKind>('list');
  const actions = useActions();
  return (
    <section className="panel" aria-labelledby="model-title">
      <div className="panel-head">
        <h2 id="model-title">Model</h2>
        <button
          type="button"
          className="quiet"
          aria-expanded={choosing}
          disabled={busy !== null || adapterError !== null}
          title={busy ?? undefined}
          onClick={() => {
            setChoosing(!choosing);
          }}
        >
          {choosing ? 'Close' : 'Change'}
        </button>
      </div>
      {loading ? (
        <LoadProgress load={loading} name={nameOf(loading.source)} onCancel={actions.model.cancelLoad} />
      ) : (
        <p className="model-name">
          {nameOf(source)}
          {model && <span className="soft"> {parameters(model.parameters)} parameters</span>}
          {!model && !source && adapterError === null && <span className="soft"> loaded</span>}
        </p>
      )}
      {!(choosing && kind === 'list') && <Downloads />}
      {error && (
        <ErrorNote error={error} onDismiss={actions.model.dismissError}>
          {!model && !loading && (
            <button type="button" onClick={() => void actions.model.load({ kind: 'builtin' })}>
              Load the built-in model
            </button>
          )}
          {!model && !loading && source && source.kind !== 'builtin' && (
            <button type="button" onClick={() => void actions.model.load(source)}>
              {pageTexts.model.again(nameOf(source))}
            </button>
          )}
        </ErrorNote>
      )}
      {model && <ModelFacts model={model} />}
      <ModelSources
        hidden={!choosing}
        kind={kind}
        onKind={setKind}
        onChosen={() => {
          setChoosing(false);
        }}
      />
    </section>
  );
}

function ModelFacts({ model }: { model: ModelReport }) {
  const plan = usePrompt((state) => state.plan);
  const facts: [string, string][] = [
    ['Weights on the GPU', bytes(model.weightBytes)],
    ['Layers', count(model.layers)],
    [
      'Heads',
      `${count(model.heads)} query, ${count(model.kvHeads)} key-value, width ${count(model.headDim)}`,
    ],
    ['Context', `${count(model.contextLength)} tokens`],
    ['Vocabulary', `${count(model.vocab)} tokens`],
  ];
  if (plan) facts.push(['Memory for this prompt', bytes(plan.total)]);
  return (
    <>
      {model.id === 'builtin' && (
        <p className="help">
          It looks up facts, lists a few values, finishes sentences and follows a reference in a text of up to
          a million tokens. It cannot chat, summarise or reason.
        </p>
      )}
      <details>
        <summary>Facts</summary>
        <dl className="facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}
