/** What a bug report needs, as text. Never the document, the question or a token. */
import { version } from '../../package.json';
import type { ErrorReport } from '../errors';
import type { Stores } from '../state/stores';

export function diagnostics(error: ErrorReport | null, stores: Stores): string {
  const { adapter, model, source } = stores.model.getState();
  const { theme: _, headConfigs: __, ...settings } = stores.settings.getState();
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
