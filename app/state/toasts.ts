/** Short messages that come and go: what happened, and one thing that can be done about it. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { toReport } from '../errors';

export interface Toast {
  id: number;
  tone: 'plain' | 'error';
  text: string;
  action?: { label: string; perform: () => void };
}

export interface ToastState {
  /** Oldest first. */
  toasts: readonly Toast[];
}

export type ToastStore = StoreApi<ToastState>;

/** More would cover the page. */
const most = 3;
/** Reading takes time, and so does deciding to undo. */
const lifeMs = 9_000;

export function createToastStore(): ToastStore {
  return createStore<ToastState>(() => ({ toasts: [] }));
}

export function toastActions(store: ToastStore) {
  let last = 0;
  const timers = new Map<number, ReturnType<typeof setTimeout>>();
  const dismiss = (id: number): void => {
    clearTimeout(timers.get(id));
    timers.delete(id);
    store.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));
  };
  const start = (toast: Toast): void => {
    // An error stays until it is dismissed: nobody has to read fast.
    if (toast.tone === 'error') return;
    clearTimeout(timers.get(toast.id));
    timers.set(
      toast.id,
      setTimeout(() => {
        dismiss(toast.id);
      }, lifeMs),
    );
  };
  const add = (toast: Omit<Toast, 'id'>): number => {
    const made = { ...toast, id: ++last };
    const { toasts } = store.getState();
    for (const { id } of toasts.slice(0, Math.max(0, toasts.length + 1 - most))) dismiss(id);
    store.setState((state) => ({ toasts: [...state.toasts, made] }));
    start(made);
    return made.id;
  };
  return {
    say: (text: string, action?: Toast['action']): number =>
      add({ tone: 'plain', text, ...(action && { action }) }),
    /** An error in its own words: what happened and what to do. */
    sayError(error: unknown): number {
      const { sentence, remedy } = toReport(error);
      return add({ tone: 'error', text: `${sentence} ${remedy}` });
    },
    dismiss,
    /** While a pointer or the keyboard is on the messages, none goes away. */
    hold(): void {
      for (const timer of timers.values()) clearTimeout(timer);
    },
    release(): void {
      for (const toast of store.getState().toasts) start(toast);
    },
  };
}

export type ToastActions = ReturnType<typeof toastActions>;
