import { keyOf, type Download } from '../state/library';
import { ErrorNote } from './ErrorNote';
import { TokenField } from './TokenField';
import { bytes, roughly } from './format';
import { useActions, useLibrary } from './stores';

/** Downloads under way, and those that failed, while the list that would show them is closed. */
export function Downloads() {
  const downloads = useLibrary((state) => state.downloads);
  return Object.values(downloads).map((download) => (
    <DownloadNote key={keyOf(download.source)} download={download} />
  ));
}

export function DownloadNote({ download }: { download: Download }) {
  return download.status === 'failed' ? <Failed download={download} /> : <Running download={download} />;
}

function Running({ download }: { download: Download }) {
  const { source, progress, rate, etaSeconds, status } = download;
  const { library } = useActions();
  const known = progress !== null && progress.total > 0;
  const id = `download-${keyOf(source).replaceAll(/[^\w-]/g, '-')}`;
  return (
    <div className="load">
      <p className="model-name" id={id}>
        {source.id} <span className="soft">{status === 'pausing' ? 'pausing' : 'downloading'}</span>
      </p>
      <progress
        aria-labelledby={id}
        max={1}
        value={known ? Math.min(0.99, progress.loaded / progress.total) : undefined}
      />
      <div className="row row-spread">
        <p className="soft">
          {known ? `${bytes(progress.loaded)} of ${bytes(progress.total)}` : 'Asking the Hub'}
          {rate !== null && `, ${bytes(rate)}/s`}
          {etaSeconds !== null && `, ${roughly(etaSeconds * 1_000)} left`}
        </p>
        <button
          type="button"
          className="quiet"
          disabled={status === 'pausing'}
          onClick={() => {
            library.pause(source);
          }}
        >
          Pause download
        </button>
      </div>
    </div>
  );
}

function Failed({ download: { source, error, thenLoad } }: { download: Download }) {
  const { library } = useActions();
  if (!error) return null;
  const gated = error.code === 'gated';
  return (
    <ErrorNote
      error={error}
      onDismiss={() => {
        library.dismiss(source);
      }}
      before={
        gated && (
          <>
            <p>
              <a href={`https://huggingface.co/${source.id}`} target="_blank" rel="noreferrer">
                Its page on huggingface.co
              </a>
            </p>
            <TokenField label="Access token" />
            <p className="help">It stays in memory, goes to huggingface.co alone, and is never stored.</p>
          </>
        )
      }
    >
      <button type="button" onClick={() => void library.download(source, thenLoad)}>
        {gated ? 'Try again with this token' : 'Try again'}
      </button>
    </ErrorNote>
  );
}
