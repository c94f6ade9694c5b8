/** Which dialog is open. */
import { createStore, type StoreApi } from 'zustand/vanilla';

export type Dialog =
  | { kind: 'settings' }
  | { kind: 'help' }
  | { kind: 'about' }
  | { kind: 'palette' }
  /** Of a finished run, or with null of what is set on the page now. */
  | { kind: 'share'; run: string | null }
  | { kind: 'code'; run: string | null };

export interface PageState {
  dialog: Dialog | null;
}

export type PageStore = StoreApi<PageState>;

export function createPageStore(): PageStore {
  return createStore<PageState>(() => ({ dialog: null }));
}

export function pageActions(store: PageStore) {
  return {
    open: (dialog: Dialog): void => {
      store.setState({ dialog });
    },
    close: (): void => {
      store.setState({ dialog: null });
    },
  };
}
