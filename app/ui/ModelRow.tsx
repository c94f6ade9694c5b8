import { useState } from 'react';
import type { KeptModel } from '../engine/types';
import type { Fit } from '../state/fit';
import { keyOf } from '../state/library';
import { parameterCount, type ListedModel } from '../state/models';
import type { HubSource } from '../worker/library';
import { DownloadNote } from './Downloads';
import { FitLabel } from './FitLabel';
import { bytes, count, parameters } from './format';
import { useActions, useLibrary } from './stores';

interface ModelRowProps {
  source: HubSource | 'builtin';
  /** What is known of it; a model that was downloaded by id has no entry. */
  listed: ListedModel | undefined;
  kept: KeptModel | undefined;
  fit: Fit | null;
  /** It is the model on the GPU. */
  loaded: boolean;
  /** No load can start now. */
  busy: boolean;
  onLoad: () => void;
}

/** One model: what it is, whether it fits, and the one thing to do with it next. */
export function ModelRow({ source, listed, kept, fit, loaded, busy, onLoad }: ModelRowProps) {
  const download = useLibrary((state) => (source === 'builtin' ? undefined : state.downloads[keyOf(source)]));
  const title = listed?.name ?? (source === 'builtin' ? source : source.id);
  const id = source === 'builtin' ? 'model-builtin' : `model-${keyOf(source).replaceAll(/[^\w-]/g, '-')}`;
  return (
    <li className="model-row" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {source === 'builtin' || kept?.complete ? (
        <button type="button" disabled={loaded || busy} aria-describedby={id} onClick={onLoad}>
          {loaded ? 'Loaded' : 'Load'}
        </button>
      ) : (
        !download && <Get source={source} kept={kept} busy={busy} describedBy={id} onStream={onLoad} />
      )}
      <p className="model-row-wide soft">{facts(source, listed, kept).join(' · ')}</p>
      {fit && (
        <p className="model-row-wide">
          Needs about {bytes(fit.total)}: <FitLabel fit={fit} />
        </p>
      )}
      {source !== 'builtin' && kept && !download && (
        <Kept source={source} kept={kept} loaded={loaded} describedBy={id} />
      )}
      {download && (
        <div className="model-row-wide">
          <DownloadNote download={download} />
        </div>
      )}
    </li>
  );
}

function facts(
  source: HubSource | 'builtin',
  listed: ListedModel | undefined,
  kept: KeptModel | undefined,
): string[] {
  const size = kept?.total ?? listed?.downloadBytes;
  return [
    ...(listed ? [parameters(parameterCount(listed.shape))] : []),
    ...(size === undefined ? [] : [bytes(size)]),
    ...(listed ? [listed.licence, `context ${count(listed.contextLength)}`] : []),
    ...(listed?.gated ? ['needs a token'] : []),
    ...(source !== 'builtin' && source.revision !== undefined && source.revision !== 'main'
      ? [`revision ${source.revision}`]
      : []),
  ];
}

interface GetProps {
  source: HubSource;
  kept: KeptModel | undefined;
  busy: boolean;
  describedBy: string;
  onStream: () => void;
}

function Get({ source, kept, busy, describedBy, onStream }: GetProps) {
  const { library } = useActions();
  const available = useLibrary((state) => state.available);
  const stream = available === false;
  return (
    <button
      type="button"
      disabled={available === null || (stream && busy)}
      aria-describedby={describedBy}
      onClick={() => {
        if (stream) onStream();
        else void library.download(source);
      }}
    >
      {stream ? 'Load' : kept ? 'Resume' : 'Download'}
    </button>
  );
}

interface KeptProps {
  source: HubSource;
  kept: KeptModel;
  loaded: boolean;
  describedBy: string;
}

/** What is on this machine of it, and how to be rid of that: asked twice, as it takes long to get back. */
function Kept({ source, kept, loaded, describedBy }: KeptProps) {
  const { library } = useActions();
  const [asking, setAsking] = useState(false);
  return (
    <div className="model-row-wide row row-spread">
      {kept.complete ? (
        <p className="kept">On this machine</p>
      ) : (
        <p className="soft">
          Paused at {bytes(kept.bytes)} of {bytes(kept.total)}
        </p>
      )}
      {asking ? (
        <fieldset className="row">
          <legend className="unseen">Delete {kept.id}?</legend>
          <button
            type="button"
            className="quiet danger"
            onClick={() => {
              setAsking(false);
              void library.remove(source);
            }}
          >
            Delete {bytes(kept.bytes)}
          </button>
          <button
            type="button"
            className="quiet"
            onClick={() => {
              setAsking(false);
            }}
          >
            Keep
          </button>
        </fieldset>
      ) : (
        <button
          type="button"
          className="quiet"
          disabled={loaded}
          aria-describedby={describedBy}
          onClick={() => {
            setAsking(true);
          }}
        >
          Delete
        </button>
      )}
    </div>
  );
}
