/** Finished runs in IndexedDB, and documents beside them: two databases, so that listing the runs reads no document. */
import { createStore, del, delMany, get, keys, set, setMany, values, type UseStore } from 'idb-keyval';
import type { FinishedRun } from './savedRun';

export interface RunStorage {
  /** Unchecked: another version of the page may have written them. */
  all(): Promise<unknown[]>;
  put(runs: readonly FinishedRun[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
  document(fingerprint: string): Promise<string | undefined>;
  putDocument(fingerprint: string, text: string): Promise<void>;
  /** Forgets the documents of runs that are gone. */
  pruneDocuments(used: ReadonlySet<string>): Promise<void>;
}

export function openRunStorage(name = 'minference'): RunStorage {
  const runs: UseStore = createStore(`${name}-runs`, 'runs');
  const documents: UseStore = createStore(`${name}-documents`, 'documents');
  return {
    all: () => values<unknown>(runs),
    put: (some) =>
      setMany(
        some.map((run) => [run.id, run]),
        runs,
      ),
    remove: (ids) => delMany([...ids], runs),
    document: (fingerprint) => get<string>(fingerprint, documents),
    putDocument: (fingerprint, text) => set(fingerprint, text, documents),
    async pruneDocuments(used) {
      for (const key of await keys<string>(documents)) if (!used.has(key)) await del(key, documents);
    },
  };
}
