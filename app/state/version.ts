/** Whether the page works offline, and whether a new version of it waits. */
import { createStore, type StoreApi } from 'zustand/vanilla';

export interface VersionState {
  /** The page and the built-in model are on this machine. */
  offline: boolean;
  /** Reloads the page with the new version; null while there is none. */
  apply: (() => void) | null;
}

export type VersionStore = StoreApi<VersionState>;

export function createVersionStore(): VersionStore {
  return createStore<VersionState>(() => ({ offline: false, apply: null }));
}
