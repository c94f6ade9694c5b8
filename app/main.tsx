import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { Playground } from './playground';
import { createStores } from './state/stores';
import { BackgroundWatch } from './state/background';
import { App } from './ui/App';
import { ErrorBoundary } from './ui/ErrorBoundary';
import { download } from './ui/download';
import { clock } from './ui/format';
import { pageTexts } from './ui/pageTexts';
import { StoresContext } from './ui/stores';
import { EngineClient } from './worker/client';
import { LibraryClient } from './worker/library';
import './ui/styles/index.css';

/** Storage may be forbidden altogether, and says so by throwing. */
function storage(name: 'localStorage' | 'sessionStorage'): Storage | null {
  try {
    return window[name];
  } catch {
    return null;
  }
}

const library = new LibraryClient();
const playground = new Playground(new EngineClient(), library);
// Absent outside secure contexts, whatever its type says.
const files: StorageManager | undefined = navigator.storage;
const parameters = new URLSearchParams(location.search);
/** The command line's pages keep nothing. */
const keepsNothing = parameters.has('cli');
/** `?embed=1`: the compact page in a frame. It keeps no settings, texts or runs: they would be the whole page's too. */
const embedded = parameters.get('embed') === '1';
const stores = createStores(
  playground,
  {
    local: embedded ? null : storage('localStorage'),
    session: embedded ? null : storage('sessionStorage'),
    ...(files && { files }),
    save: download,
    ...(!keepsNothing &&
      !embedded && { runs: async () => (await import('./storage/runs')).openRunStorage() }),
  },
  library,
);
window.playground = playground.asPublic();
const background = new BackgroundWatch(stores.run, playground, stores.actions.toasts, {
  back: (ms) => pageTexts.background.back(clock(ms)),
  lost: pageTexts.background.lost,
});
document.addEventListener('visibilitychange', () => {
  background.tell(document.hidden);
});
const theme = parameters.get('theme');
if (embedded && (theme === 'light' || theme === 'dark')) stores.settings.setState({ theme });

/** `?bench` draws benchmark results; its charts are no part of the playground's own download. */
const showsBench = parameters.has('bench');
const EmbedApp = lazy(async () => ({ default: (await import('./ui/EmbedApp')).EmbedApp }));
const BenchView = lazy(async () => ({ default: (await import('./ui/bench/BenchView')).BenchView }));

/** Once the model is there, so that it is not fetched twice at the same time. */
async function keepPage(): Promise<void> {
  const container: ServiceWorkerContainer | undefined = navigator.serviceWorker;
  if (!import.meta.env.PROD || !container || keepsNothing || embedded) return;
  const { registerServiceWorker } = await import('./pwa/register');
  await registerServiceWorker(container, {
    onReady: () => {
      stores.version.setState({ offline: true });
    },
    onUpdate: (apply) => {
      stores.version.setState({ apply });
    },
  }).catch(() => {
    // Forbidden, or offline at the first visit: the page works as it is.
  });
}

const root = document.querySelector('#root');
if (!root) throw new Error('the page has no #root');
createRoot(root).render(
  <StrictMode>
    <StoresContext value={stores}>
      <ErrorBoundary>
        {showsBench || embedded ? <Suspense>{showsBench ? <BenchView /> : <EmbedApp />}</Suspense> : <App />}
      </ErrorBoundary>
    </StoresContext>
  </StrictMode>,
);

/** A share link fills in settings once; without it in the address, a reload keeps what was changed since. */
function openLink(): void {
  const { hash } = location;
  if (!hash.startsWith('#s=')) return;
  history.replaceState(null, '', location.pathname + location.search);
  void stores.actions.sharing.open(hash, { quietly: embedded });
}

/** Calls by message, from the page around this frame. */
async function openBridge(): Promise<void> {
  if (window.parent === window) return;
  const { hostOrigin, serveMessages } = await import('./embed/bridge');
  const asked = parameters.get('origin');
  const origin = hostOrigin(asked, location.origin);
  if (origin === null) stores.actions.toasts.say(pageTexts.embed.badOrigin(asked ?? ''));
  else serveMessages(window.playground, { frame: window, host: window.parent, origin });
}

// After the first paint: the worker, the adapter and the model must not hold it up.
requestAnimationFrame(() => {
  if (showsBench) return;
  setTimeout(() => void stores.actions.model.begin().then(keepPage), 0);
  void stores.actions.history.open();
  if (embedded) void openBridge();
  openLink();
  window.addEventListener('hashchange', openLink);
});
