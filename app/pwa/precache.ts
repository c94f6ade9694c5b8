/** What the service worker keeps, as the build found it; injected into `serviceWorker.ts` by `plugin.ts`. */
export interface PrecacheFile {
  /** Relative to the scope. */
  path: string;
  /** SHA-256 of its bytes, lower-case hex. */
  sha256: string;
}

export interface PrecacheGroup {
  /** Changes exactly when a file of the group does. */
  version: string;
  files: PrecacheFile[];
}

export interface Precache {
  /** The page and everything it may load later. */
  shell: PrecacheGroup;
  /** The built-in model, in a cache of its own: most new versions of the page leave it alone. */
  model: PrecacheGroup;
}
