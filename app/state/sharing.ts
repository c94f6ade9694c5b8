/** Share links made from what is set or from a run, and opened on the page. */
import { UserError } from '../errors';
import type { ModelSource } from '../engine/types';
import { sourceOf } from '../playground';
import type { FinishedRun } from '../storage/savedRun';
import type { Shared } from '../storage/share';
import type { DocumentStore } from './document';
import type { ModelStore } from './model';
import { patternLabel } from './patterns';
import type { RunStore } from './run';
import { settingsOfSetup, setupOfRun, setupOfSettings } from './setup';
import type { SettingsStore } from './settings';
import type { ToastActions } from './toasts';

export interface SharingParts {
  run: RunStore;
  document: DocumentStore;
  model: ModelStore;
  settings: SettingsStore;
  toasts: ToastActions;
  replaceDocument: (content: { title: string; text: string; question: string }) => void;
  documentOf: (run: FinishedRun) => Promise<string | null>;
  loadModel: (source: ModelSource) => Promise<void>;
}

export interface LinkParts {
  question: boolean;
  document: boolean;
}

/** A folder's name says something about a person's disk, so it is not passed on. */
function publicModel(id: string | undefined): string | null {
  return id === 'builtin' || id?.includes('/') === true ? id : null;
}

export function sharingActions(parts: SharingParts) {
  const { run, document, model, settings, toasts } = parts;

  const sharedRun = async (
    entry: FinishedRun,
    { question, document: withText }: LinkParts,
  ): Promise<Shared> => {
    const text = withText ? await parts.documentOf(entry) : null;
    if (withText && text === null)
      throw new UserError(
        'bad-document',
        'The document of this run is not kept, so no link can hold it.',
        'Leave it out, or open it on the page first.',
      );
    const pastTokens = Math.max(...entry.result.runs.map((lane) => lane.pastTokens));
    return {
      setup: setupOfRun(entry),
      model: publicModel(entry.result.model.id),
      ...(pastTokens > 0 && { pastTokens }),
      ...(question && { question: entry.result.request.question }),
      ...(text !== null && { document: { title: entry.title, text } }),
    };
  };

  const sharedPage = ({ question, document: withText }: LinkParts): Shared => {
    const content = document.getState();
    return {
      setup: setupOfSettings(settings.getState()),
      model: publicModel(model.getState().model?.id),
      ...(question && { question: content.question }),
      ...(withText && { document: { title: content.title, text: content.text } }),
    };
  };

  /** Never unasked: it may be gigabytes. */
  const offerModel = (made: string | null, loaded: string): void => {
    if (made === null || made === loaded) return;
    toasts.say(`These settings were made with the model ${made}.`, {
      label: `Load ${made}`,
      perform: () => void parts.loadModel(sourceOf(made)),
    });
  };

  return {
    /** An address that fills in the settings of a run, or with null those on the page. `base` is this page's own. */
    async link(id: string | null, include: LinkParts, base: string): Promise<string> {
      const { encodeShared } = await import('../storage/share');
      const entry = run.getState().finished.find((other) => other.id === id);
      const shared = entry ? await sharedRun(entry, include) : sharedPage(include);
      return base + (await encodeShared(shared, base));
    },
    /** Fills in what a link holds and says so, quietly only where the model is another; nothing runs. */
    async open(fragment: string, { quietly = false } = {}): Promise<void> {
      try {
        const { decodeShared } = await import('../storage/share');
        const shared = await decodeShared(fragment);
        const before = { settings: settings.getState(), document: document.getState() };
        settings.setState(settingsOfSetup(shared.setup, before.settings, shared.model));
        const question = shared.question ?? before.document.question;
        if (shared.document) parts.replaceDocument({ ...shared.document, question });
        else if (shared.question !== undefined) document.setState({ question, expected: null });
        const loaded = model.getState().model?.id ?? 'builtin';
        if (quietly) {
          offerModel(shared.model, loaded);
          return;
        }
        toasts.say(openedWords(shared, loaded), {
          label: 'Undo',
          perform: () => {
            settings.setState(before.settings);
            if (shared.document) parts.replaceDocument(before.document);
            else
              document.setState({ question: before.document.question, expected: before.document.expected });
          },
        });
      } catch (error) {
        toasts.sayError(error);
      }
    },
  };
}

function openedWords({ setup, model, pastTokens, question, document }: Shared, loaded: string): string {
  const filled = [
    'Settings',
    ...(question === undefined ? [] : ['question']),
    ...(document ? ['document'] : []),
  ];
  const list = filled.length === 1 ? filled[0] : `${filled.slice(0, -1).join(', ')} and ${filled.at(-1)}`;
  const made = model !== null && model !== loaded ? ` The link was made with the model ${model}.` : '';
  const further =
    pastTokens === undefined
      ? ''
      : ` It was a further question that found ${pastTokens.toLocaleString('en')} tokens kept; a run here reads the whole prompt.`;
  return `${list} of the link are filled in: ${patternLabel(setup.pattern.name)}, seed ${setup.sampling.seed}.${made}${further} Nothing has run yet.`;
}
