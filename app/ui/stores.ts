/** The stores as React sees them: one context, one hook for each. */
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import { busyWith } from '../state/busy';
import type { ConversationState } from '../state/conversation';
import type { DocumentState } from '../state/document';
import type { HistoryState } from '../state/history';
import type { HeadConfigState } from '../state/headConfigs';
import type { HeadsState } from '../state/heads';
import type { LibraryState } from '../state/library';
import type { ModelState } from '../state/model';
import type { PageState } from '../state/page';
import type { PromptState } from '../state/prompt';
import type { RunState } from '../state/run';
import type { ScalingState } from '../state/scaling';
import type { SearchState } from '../state/search';
import type { Settings } from '../state/settings';
import type { Stores } from '../state/stores';
import type { ToastState } from '../state/toasts';
import type { VersionState } from '../state/version';

export const StoresContext = createContext<Stores | null>(null);

export function useStores(): Stores {
  const stores = useContext(StoresContext);
  if (!stores) throw new Error('no stores above this component');
  return stores;
}

export function useActions(): Stores['actions'] {
  return useStores().actions;
}

/** Why nothing else can start now, as a sentence; null where nothing is going on. */
export function useBusy(): string | null {
  const stores = useStores();
  const why = (): string | null => busyWith(stores);
  useStore(stores.run, why);
  useStore(stores.search, why);
  useStore(stores.heads, why);
  return useStore(stores.scaling, why);
}

export function useConversation<T>(select: (state: ConversationState) => T): T {
  return useStore(useStores().conversation, select);
}

export function useDocument<T>(select: (state: DocumentState) => T): T {
  return useStore(useStores().document, select);
}

export function useHistory<T>(select: (state: HistoryState) => T): T {
  return useStore(useStores().history, select);
}

export function useHeadConfigs<T>(select: (state: HeadConfigState) => T): T {
  return useStore(useStores().headConfigs, select);
}

export function useHeads<T>(select: (state: HeadsState) => T): T {
  return useStore(useStores().heads, select);
}

export function useLibrary<T>(select: (state: LibraryState) => T): T {
  return useStore(useStores().library, select);
}

export function useModel<T>(select: (state: ModelState) => T): T {
  return useStore(useStores().model, select);
}

export function usePage<T>(select: (state: PageState) => T): T {
  return useStore(useStores().page, select);
}

export function usePrompt<T>(select: (state: PromptState) => T): T {
  return useStore(useStores().prompt, select);
}

export function useRun<T>(select: (state: RunState) => T): T {
  return useStore(useStores().run, select);
}

export function useScaling<T>(select: (state: ScalingState) => T): T {
  return useStore(useStores().scaling, select);
}

export function useSearch<T>(select: (state: SearchState) => T): T {
  return useStore(useStores().search, select);
}

export function useSettings<T>(select: (state: Settings) => T): T {
  return useStore(useStores().settings, select);
}

export function useToasts<T>(select: (state: ToastState) => T): T {
  return useStore(useStores().toasts, select);
}

export function useVersion<T>(select: (state: VersionState) => T): T {
  return useStore(useStores().version, select);
}
