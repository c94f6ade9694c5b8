/** What a person can do by key, each said once: the button, the shortcut, its label and the help come from the same object. */
import { useEffect } from 'react';
import { busyWith } from '../state/busy';
import type { Stores } from '../state/stores';
import { downloadRun } from './download';
import { useStores } from './stores';
import { pageTexts } from './pageTexts';
import { texts } from './texts';

export interface Action {
  id: string;
  label: string;
  /** As shown; what has none is in the palette only. */
  keys?: string;
  /** A single character: never while typing, and not at all where the settings say so. */
  single?: true;
  /** Works while typing too. */
  anywhere?: true;
  matches?: (event: KeyboardEvent) => boolean;
  enabled: (stores: Stores) => boolean;
  perform: (stores: Stores) => void;
}

const apple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Ctrl on an Apple keyboard moves in text, so only the other one counts there. */
function withModifier(key: string): Pick<Action, 'keys' | 'matches'> {
  return {
    keys: `${apple ? '⌘' : 'Ctrl'} ${key.toUpperCase()}`,
    matches: (event) =>
      event.key.toLowerCase() === key &&
      (apple ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey) &&
      !event.altKey &&
      !event.shiftKey,
  };
}

export const runAction: Action = {
  id: 'run',
  label: texts.keys.run,
  keys: apple ? '⌘ Enter' : 'Ctrl Enter',
  anywhere: true,
  matches: (event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey),
  enabled: (stores) => busyWith(stores) === null && stores.model.getState().model !== null,
  perform: ({ actions: { run } }) => void run.run(),
};

export const cancelAction: Action = {
  id: 'cancel',
  label: texts.keys.cancel,
  keys: 'Esc',
  anywhere: true,
  matches: (event) => event.key === 'Escape',
  enabled: ({ run }) => run.getState().active?.status === 'running',
  perform: ({ actions: { run } }) => {
    run.cancel();
  },
};

function single(
  key: string,
  label: string,
  enabled: Action['enabled'],
  perform: (stores: Stores) => void,
): Action {
  return {
    id: key,
    label,
    keys: key,
    single: true,
    matches: (event) => event.key === key && !event.ctrlKey && !event.metaKey && !event.altKey,
    enabled,
    perform,
  };
}

const always = (): boolean => true;
const anyRun = ({ run }: Stores): boolean => run.getState().finished.length > 0;
export const shownRun = ({ run }: Stores) => {
  const { finished, shown } = run.getState();
  return finished.find((entry) => entry.id === shown);
};
const anyShown = (stores: Stores): boolean => shownRun(stores) !== undefined;

const download = (stores: Stores): void => {
  const entry = shownRun(stores);
  if (entry) downloadRun(entry);
};

export const actions: readonly Action[] = [
  runAction,
  cancelAction,
  single('[', texts.keys.up, anyRun, ({ actions: { run } }) => {
    run.step(-1);
  }),
  single(']', texts.keys.down, anyRun, ({ actions: { run } }) => {
    run.step(1);
  }),
  single('r', texts.keys.replay, anyShown, (stores) => {
    const entry = shownRun(stores);
    if (entry && busyWith(stores) === null) void stores.actions.history.replay(entry.id);
  }),
  single('e', texts.keys.download, anyShown, download),
  {
    id: 'export',
    label: texts.keys.download,
    ...withModifier('e'),
    enabled: anyShown,
    perform: download,
  },
  {
    id: 'palette',
    label: pageTexts.palette.title,
    ...withModifier('k'),
    anywhere: true,
    enabled: always,
    perform: ({ actions: { page } }) => {
      page.open({ kind: 'palette' });
    },
  },
  single('s', texts.keys.share, always, (stores) => {
    stores.actions.page.open({ kind: 'share', run: shownRun(stores)?.id ?? null });
  }),
  single(',', texts.keys.settings, always, ({ actions: { page } }) => {
    page.open({ kind: 'settings' });
  }),
  single('?', texts.keys.help, always, ({ actions: { page } }) => {
    page.open({ kind: 'help' });
  }),
];

/** Where a character is text, or chooses from a list. */
function isTyping({ target }: KeyboardEvent): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches('textarea, select, input:not([type=radio], [type=checkbox], [type=range], [type=file])'))
  );
}

export function useShortcuts(): void {
  const stores = useStores();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const action = actions.find((candidate) => candidate.matches?.(event));
      if (!action?.enabled(stores)) return;
      // A dialog takes Esc for itself, and what is behind it is out of reach.
      if (document.querySelector('dialog[open]')) return;
      if (!action.anywhere && isTyping(event)) return;
      if (action.single && !stores.settings.getState().singleKeys) return;
      event.preventDefault();
      action.perform(stores);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => {
      window.removeEventListener('keydown', onKeyDown);
    };
  }, [stores]);
}
