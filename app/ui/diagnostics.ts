/** What a bug report needs, as text. Never the document, the question or a token. */
import { version } from '../../package.json';
import type { ErrorReport } from '../errors';
import type { Stores } from '../state/stores';

export function diagnostics(error: ErrorReport | null, stores: Stores): string {
  const { adapter, model, source } = stores.model.getState();
  const { theme: _, ...settings } = stores.settings.getState();
  return JSON.stringify(
    {
      version,
      error,
      browser: navigator.userAgent,
      secureContext: isSecureContext,
      webgpu: 'gpu' in navigator,
      adapter,
      model: model ?? source?.kind ?? null,
      tokens: stores.prompt.getState().count,
      settings,
    },
    null,
    2,
  );
}

export function downloadJson(name: string, value: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has taken its copy by the next task in every browser we know; a second is on the safe side.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 1_000);
}
