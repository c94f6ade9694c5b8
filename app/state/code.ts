/** What is on screen as code: a finished run, or the settings as they stand. */
import { commandLine, documentName, frameCode, pageCode, type CodeSubject } from '../exports/code';
import type { ModelSource } from '../engine/types';
import { questionTokens } from './keeping';
import { patternChoice } from './patterns';
import type { SharingParts, sharingActions } from './sharing';
import { setupOfRun, setupOfSettings } from './setup';

export interface Code {
  page: string;
  frame: string;
  command: string;
  /** The name of the model's folder, which the code expects beside itself; null where nothing is needed. */
  folder: string | null;
  /** Files that the code reads beside the document. */
  files: readonly string[];
}

/** By the words that `load` of the public page and `--model` take. */
function modelName(source: ModelSource): CodeSubject['model'] {
  switch (source.kind) {
    case 'builtin':
      return { name: 'builtin', folder: false };
    case 'hub':
      return {
        name: source.revision === undefined ? source.id : `${source.id}@${source.revision}`,
        folder: false,
      };
    case 'url':
      return { name: source.base, folder: false };
    case 'folder':
      return { name: source.name, folder: true };
  }
}

export function codeActions(parts: SharingParts, sharing: ReturnType<typeof sharingActions>) {
  const { run, document, model, settings } = parts;

  const subjectOf = (id: string | null): CodeSubject => {
    const entry = run.getState().finished.find((other) => other.id === id);
    const { model: loaded, source } = model.getState();
    const ran = entry?.result.model.id ?? loaded?.id ?? 'builtin';
    const setup = entry ? setupOfRun(entry) : setupOfSettings(settings.getState());
    const fileSettings = patternChoice(setup.pattern.name).parameters.filter(({ kind }) => kind === 'file');
    return {
      // Only the source knows a revision or an address; the model of an older run has its id alone.
      model:
        source && loaded?.id === ran
          ? modelName(source)
          : { name: ran, folder: ran !== 'builtin' && !ran.includes('/') },
      setup,
      question: entry ? entry.result.request.question : document.getState().question,
      measureHeads: entry?.result.request.measureHeads === true,
      // It matters only where the document is cut, which is not known before a run.
      questionTokens: (
        entry
          ? entry.result.request.keepCache === true && entry.result.prompt.truncated
          : settings.getState().keepCaches !== false
      )
        ? questionTokens
        : null,
      files: Object.fromEntries(
        fileSettings.flatMap((parameter) =>
          parameter.kind === 'file' && parameter.name in setup.pattern.set
            ? [[parameter.name, parameter.fileName]]
            : [],
        ),
      ),
    };
  };

  return {
    /**
     * Of a finished run, or with null of what is set on the page. `base` is this page's own address. The document's text
     * is in none of them. Throws 'bad-setting' where question and settings are too long for an address.
     */
    async of(id: string | null, base: string): Promise<Code> {
      const subject = subjectOf(id);
      const { theme } = settings.getState();
      const address = `${base}?embed=1${theme === 'auto' ? '' : `&theme=${theme}`}`;
      return {
        page: pageCode(subject),
        frame: frameCode(await sharing.link(id, { question: true, document: false }, address)),
        command: commandLine(subject),
        folder: subject.model.folder ? subject.model.name : null,
        files: Object.values(subject.files),
      };
    },
    /** The text that the code calls `document.txt`, or null where it is not kept. */
    async document(id: string | null): Promise<{ name: string; text: string } | null> {
      const entry = run.getState().finished.find((other) => other.id === id);
      const text = entry ? await parts.documentOf(entry) : document.getState().text;
      return text === null || text === '' ? null : { name: documentName, text };
    },
  };
}
