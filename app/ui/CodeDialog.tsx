import { useEffect, useId, useState } from 'react';
import type { ErrorReport } from '../errors';
import { toReport } from '../errors';
import type { Code } from '../state/code';
import { CopyButton } from './CopyButton';
import { Dialog } from './Dialog';
import { download } from './download';
import { pageTexts } from './pageTexts';
import { useActions } from './stores';

const { code: words } = pageTexts;

/** A run, or with null what is set on the page, as code to copy. */
export function CodeDialog({ run }: { run: string | null }) {
  const { code: actions, page } = useActions();
  const [code, setCode] = useState<Code | null>(null);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [document, setDocument] = useState<{ name: string; text: string } | null>(null);

  useEffect(() => {
    let stale = false;
    const { origin, pathname } = location;
    Promise.all([actions.of(run, origin + pathname), actions.document(run)]).then(
      ([made, text]) => {
        if (stale) return;
        setCode(made);
        setDocument(text);
      },
      (reason: unknown) => {
        if (!stale) setError(toReport(reason));
      },
    );
    return () => {
      stale = true;
    };
  }, [actions, run]);

  return (
    <Dialog title={words.title} onClose={page.close}>
      <div className="stack">
        <p>{run === null ? words.ofPage : words.ofRun}</p>
        <p className="help">{words.document}</p>
        {document && (
          <button
            type="button"
            className="start"
            onClick={() => {
              download(document.name, new Blob([document.text], { type: 'text/plain;charset=utf-8' }));
            }}
          >
            {words.saveDocument}
          </button>
        )}
        {code && code.folder !== null && <p className="help">{words.folder(code.folder)}</p>}
        {code && code.files.length > 0 && <p className="help">{words.files(code.files.join(', '))}</p>}
      </div>
      <div aria-live="polite">
        {error && (
          <p className="warning">
            {error.sentence} {error.remedy}
          </p>
        )}
      </div>
      {code && (
        <>
          <Block title={words.page} help={words.pageHelp} code={code.page} />
          <Block title={words.frame} help={words.frameHelp} code={code.frame} />
          <Block title={words.command} help={words.commandHelp} code={code.command} />
        </>
      )}
    </Dialog>
  );
}

function Block({ title, help, code }: { title: string; help: string; code: string }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <div className="section-head">
        <h3 id={id}>{title}</h3>
        <CopyButton label={words.copy} text={() => code} />
      </div>
      <p className="help">{help}</p>
      {/* Long lines scroll, so the keyboard must reach them. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region */}
      <pre className="code" tabIndex={0} aria-labelledby={id}>
        <code>{code}</code>
      </pre>
    </section>
  );
}
