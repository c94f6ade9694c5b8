/** The page's side of the service worker: when it is ready, and when a new version waits. Never reloads unasked. */

export interface ServiceWorkerHooks {
  /** The page and the built-in model are on this machine. */
  onReady: () => void;
  /** A new version is on this machine too; `apply` reloads the page with it. */
  onUpdate: (apply: () => void) => void;
}

/** A page that stays open looks for a new version when it is shown again, this often at most. */
const lookEveryMs = 3_600_000;

export async function registerServiceWorker(
  container: ServiceWorkerContainer,
  { onReady, onUpdate }: ServiceWorkerHooks,
  reload = () => {
    location.reload();
  },
): Promise<void> {
  let asked = false;
  const offer = (worker: ServiceWorker): void => {
    onUpdate(() => {
      asked = true;
      worker.postMessage('take-over');
    });
  };
  // The first version takes over too, and other tabs may let a new one in: neither may reload this page.
  container.addEventListener('controllerchange', () => {
    if (asked) reload();
  });
  // Undefined where test tools block service workers.
  const registration = (await container.register('./sw.js', { updateViaCache: 'none' })) as
    ServiceWorkerRegistration | undefined;
  if (!registration) return;
  const follow = (worker: ServiceWorker | null): void => {
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && registration.active) offer(worker);
      if (worker.state === 'activated') onReady();
    });
  };
  registration.addEventListener('updatefound', () => {
    follow(registration.installing);
  });
  if (registration.active) onReady();
  if (registration.waiting) offer(registration.waiting);
  follow(registration.installing);

  let looked = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || Date.now() - looked < lookEveryMs) return;
    looked = Date.now();
    registration.update().catch(() => undefined);
  });
}
