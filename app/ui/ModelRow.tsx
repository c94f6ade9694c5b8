import { useState } from 'react';
import type { KeptModel } from '../engine/types';
import type { Fit } from '../state/fit';
import { keyOf, type Download } from '../state/library';
import type { ListedModel } from '../state/models';
import { parameterCount } from '../state/models';
import type { HubSource } from '../worker/library';
import { FitLabel } from './FitLabel';
import { bytes, count, parameters, percent } from './format';
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
  const title = listed?.name ?? kept?.id ?? '';
  const download = useLibrary((state) => (source === 'builtin' ? undefined : state.downloads[keyOf(source)]));
  const id = source === 'builtin' ? 'model-builtin' : `model-${keyOf(source).replaceAll(/[^\w-]/g, '-')}`;
  return (
    <li className="model-row" aria-labelledby={id}>
      <div className="model-row-text">
        <h3 id={id}>{title}</h3>
        <p className="soft">{facts(source, listed, kept).join(' · ')}</p>
        {fit && (
          <p>
            Needs about {bytes(fit.total)}: <FitLabel fit={fit} />
          </p>
        )}
        <State kept={kept} download={download} />
      </div>
      <div className="model-row-actions">
        {source === 'builtin' || kept?.complete ? (
          <button type="button" disabled={loaded || busy} aria-describedby={id} onClick={onLoad}>
            {loaded ? 'Loaded' : 'Load'}
          </button>
        ) : (
          <Get
            source={source}
            kept={kept}
            download={download}
            onStream={onLoad}
            busy={busy}
            describedBy={id}
          />
        )}
        {source !== 'builtin' && kept && !download && !loaded && (
          <Delete source={source} kept={kept} describedBy={id} />
        )}
      </div>
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
    ...(listed ? [listed.licence, `${count(listed.contextLength)} tokens`] : []),
    ...(listed?.gated ? ['gated: needs a token'] : []),
    ...(source !== 'builtin' && source.revision !== undefined && source.revision !== 'main'
      ? [`revision ${source.revision}`]
      : []),
  ];
}

function State({ kept, download }: { kept: KeptModel | undefined; download: Download | undefined }) {
  const progress = download?.progress;
  if (download && download.status !== 'failed')
    return (
      <p className="soft">
        {progress && progress.total > 0
          ? `Downloading: ${percent(Math.floor((100 * progress.loaded) / progress.total) / 100)}`
          : 'Asking the Hub'}
      </p>
    );
  if (!kept) return null;
  if (kept.complete) return <p className="kept">On this machine</p>;
  return (
    <p className="soft">
      Paused at {bytes(kept.bytes)} of {bytes(kept.total)}
    </p>
  );
}

interface GetProps {
  source: HubSource;
  kept: KeptModel | undefined;
  download: Download | undefined;
  busy: boolean;
  describedBy: string;
  onStream: () => void;
}

function Get({ source, kept, download, busy, describedBy, onStream }: GetProps) {
  const { library } = useActions();
  const available = useLibrary((state) => state.available);
  const active = download !== undefined && download.status !== 'failed';
  if (available === false)
    return (
      <button type="button" disabled={busy} aria-describedby={describedBy} onClick={onStream}>
        Load
      </button>
    );
  if (active)
    return (
      <button
        type="button"
        disabled={download.status === 'pausing'}
        aria-describedby={describedBy}
        onClick={() => {
          library.pause(source);
        }}
      >
        Pause
      </button>
    );
  return (
    <button
      type="button"
      disabled={available === null}
      aria-describedby={describedBy}
      onClick={() => void library.download(source)}
    >
      {kept ? 'Resume' : 'Download'}
    </button>
  );
}

function Delete({ source, kept, describedBy }: { source: HubSource; kept: KeptModel; describedBy: string }) {
  const { library } = useActions();
  const [asking, setAsking] = useState(false);
  if (!asking)
    return (
      <button
        type="button"
        className="quiet"
        aria-describedby={describedBy}
        onClick={() => {
          setAsking(true);
        }}
      >
        Delete
      </button>
    );
  return (
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
  );
}
