/** What a person can do by key, each said once: the button, the shortcut and its label come from the same object. */
import { useEffect } from 'react';
import { isRunning } from '../state/run';
import type { Stores } from '../state/stores';
import { useStores } from './stores';

export interface Action {
  id: string;
  label: string;
  /** As shown. */
  keys: string;
  matches: (event: KeyboardEvent) => boolean;
  enabled: (stores: Stores) => boolean;
  perform: (stores: Stores) => void;
}

const apple = /Mac|iPhone|iPad/.test(navigator.userAgent);

export const runAction: Action = {
  id: 'run',
  label: 'Run',
  keys: apple ? '⌘ Enter' : 'Ctrl Enter',
  matches: (event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey),
  enabled: ({ run, model }) => !isRunning(run.getState()) && model.getState().model !== null,
  perform: ({ actions }) => void actions.run.run(),
};

export const cancelAction: Action = {
  id: 'cancel',
  label: 'Cancel',
  keys: 'Esc',
  matches: (event) => event.key === 'Escape',
  enabled: ({ run }) => run.getState().active?.status === 'running',
  perform: ({ actions }) => {
    actions.run.cancel();
  },
};

const actions: readonly Action[] = [runAction, cancelAction];

export function useShortcuts(): void {
  const stores = useStores();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const action = actions.find((candidate) => candidate.matches(event));
      if (!action?.enabled(stores)) return;
      event.preventDefault();
      action.perform(stores);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => {
      window.removeEventListener('keydown', onKeyDown);
    };
  }, [stores]);
}
