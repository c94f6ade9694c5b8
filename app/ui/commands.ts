/** Everything that the palette offers: what has a key of its own, and what has none. */
import { patterns } from '../state/patterns';
import { sampleTokens } from '../state/sampleSize';
import type { Stores } from '../state/stores';
import { busyWith } from '../state/busy';
import { actions, shownRun, type Action } from './actions';
import { diagnostics } from './diagnostics';
import { downloadCsv, downloadRuns, downloadTrace } from './download';
import { pageTexts } from './pageTexts';
import { texts } from './texts';

const { palette: words, code } = pageTexts;

const samples = ['report', 'log', 'records'] as const;

function command(
  id: string,
  label: string,
  perform: Action['perform'],
  enabled: Action['enabled'] = () => true,
): Action {
  return { id, label, enabled, perform };
}

const anyFinished = ({ run }: Stores): boolean => run.getState().finished.length > 0;
const anyShown = (stores: Stores): boolean => shownRun(stores) !== undefined;
const idle = (stores: Stores): boolean => busyWith(stores) === null;

async function copyDiagnostics(stores: Stores): Promise<void> {
  const { toasts } = stores.actions;
  try {
    await navigator.clipboard.writeText(diagnostics(stores.model.getState().error, stores));
    toasts.say(words.diagnosticsCopied);
  } catch {
    toasts.say(words.copyRefused);
  }
}

export const commands: readonly Action[] = [
  // 'e' is a second key of the export, and the list of keys is called so only where it stands.
  ...actions.filter(({ id }) => id !== 'palette' && id !== 'e' && id !== '?'),
  command('help', texts.page.help, ({ actions: { page } }) => {
    page.open({ kind: 'help' });
  }),
  ...samples.map((kind) =>
    command(`sample-${kind}`, words.samples[kind], (stores) => {
      const { sampleTokens: chosen } = stores.settings.getState();
      const software = stores.model.getState().adapter?.software !== false;
      void stores.actions.document.openSample(kind, sampleTokens(chosen, software), 1);
    }),
  ),
  ...patterns.map(({ name, label }) =>
    command(`pattern-${name}`, words.pattern(label), ({ actions: { settings } }) => {
      settings.set({ pattern: name });
    }),
  ),
  ...(['auto', 'light', 'dark'] as const).map((theme) =>
    command(`theme-${theme}`, words.theme[theme], ({ actions: { settings } }) => {
      settings.set({ theme });
    }),
  ),
  command(
    'builtin',
    words.builtin,
    ({ actions: { model } }) => void model.load({ kind: 'builtin' }),
    (stores) => idle(stores) && stores.model.getState().source?.kind !== 'builtin',
  ),
  command('code', code.open, (stores) => {
    stores.actions.page.open({ kind: 'code', run: shownRun(stores)?.id ?? null });
  }),
  command(
    'csv',
    words.csv,
    (stores) => {
      const entry = shownRun(stores);
      if (entry) void downloadCsv([entry]);
    },
    anyShown,
  ),
  command(
    'trace',
    words.trace,
    (stores) => {
      const entry = shownRun(stores);
      if (entry) void downloadTrace(entry);
    },
    anyShown,
  ),
  command(
    'export-runs',
    words.exportRuns,
    ({ run }) => void downloadRuns(run.getState().finished),
    anyFinished,
  ),
  command('export-settings', words.exportSettings, ({ actions: { settings } }) => {
    settings.export();
  }),
  command('reset-settings', words.resetSettings, ({ actions: { settings } }) => {
    settings.reset();
  }),
  command(
    'clear',
    words.clear,
    ({ actions: { document } }) => {
      document.clear();
    },
    ({ document }) => document.getState().text !== '',
  ),
  command('diagnostics', words.diagnostics, (stores) => void copyDiagnostics(stores)),
  command('about', pageTexts.about.title, ({ actions: { page } }) => {
    page.open({ kind: 'about' });
  }),
];

/** Every word typed must begin a word of the label. */
export function matching(all: readonly Action[], typed: string): Action[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ label }) => {
    const has = label.toLowerCase().split(/[^\p{L}\p{N}]+/u);
    return wanted.every((word) => has.some((candidate) => candidate.startsWith(word)));
  });
}
