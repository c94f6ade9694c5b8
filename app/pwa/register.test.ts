import { beforeEach, expect, it, vi } from 'vitest';
import { registerServiceWorker } from './register';

class FakeWorker extends EventTarget {
  state = 'installing';
  readonly told: unknown[] = [];

  postMessage(message: unknown): void {
    this.told.push(message);
  }

  become(state: string): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

class FakeRegistration extends EventTarget {
  installing: FakeWorker | null = null;
  waiting: FakeWorker | null = null;
  active: FakeWorker | null = null;

  update(): Promise<void> {
    return Promise.resolve();
  }
}

let registration: FakeRegistration;
let container: EventTarget & { register?: () => Promise<FakeRegistration | undefined> };
let ready: number;
let apply: (() => void) | null;
let reloads: number;

beforeEach(() => {
  vi.stubGlobal('document', new EventTarget());
  registration = new FakeRegistration();
  container = Object.assign(new EventTarget(), { register: () => Promise.resolve(registration) });
  ready = 0;
  apply = null;
  reloads = 0;
});

function register(): Promise<void> {
  return registerServiceWorker(
    container as unknown as ServiceWorkerContainer,
    {
      onReady: () => ready++,
      onUpdate: (given) => {
        apply = given;
      },
    },
    () => reloads++,
  );
}

it('says when the first version is there, and neither offers nor reloads', async () => {
  const worker = new FakeWorker();
  registration.installing = worker;
  await register();
  worker.become('installed');
  expect(ready).toBe(0);
  worker.become('activated');
  container.dispatchEvent(new Event('controllerchange'));
  expect({ ready, apply, reloads }).toEqual({ ready: 1, apply: null, reloads: 0 });
});

it('offers a new version and reloads only once it was asked to and has taken over', async () => {
  registration.active = new FakeWorker();
  await register();
  expect(ready).toBe(1);
  const worker = new FakeWorker();
  registration.installing = worker;
  registration.dispatchEvent(new Event('updatefound'));
  expect(apply).toBeNull();
  worker.become('installed');
  // Another tab lets a version in.
  container.dispatchEvent(new Event('controllerchange'));
  expect(reloads).toBe(0);
  expect(worker.told).toEqual([]);
  apply?.();
  expect(worker.told).toEqual(['take-over']);
  expect(reloads).toBe(0);
  container.dispatchEvent(new Event('controllerchange'));
  expect(reloads).toBe(1);
});

it('offers a version that has waited since an earlier visit', async () => {
  registration.active = new FakeWorker();
  registration.waiting = new FakeWorker();
  await register();
  expect(apply).not.toBeNull();
});

it('does nothing where registration is blocked', async () => {
  container.register = () => Promise.resolve(undefined);
  await register();
  expect({ ready, apply }).toEqual({ ready: 0, apply: null });
});
