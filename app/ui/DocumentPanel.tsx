import { useId } from 'react';
import { DocumentText } from './DocumentText';
import { ErrorNote } from './ErrorNote';
import { Samples } from './Samples';
import { TokenLine } from './TokenLine';
import { useActions, useDocument } from './stores';

export function DocumentPanel() {
  const id = useId();
  const title = useDocument((state) => state.title);
  const filled = useDocument((state) => state.text !== '');
  const reading = useDocument((state) => state.reading);
  const error = useDocument((state) => state.error);
  const cleared = useDocument((state) => state.cleared !== null);
  const { document } = useActions();
  return (
    <section className="panel" aria-labelledby="document-title">
      <div className="panel-head">
        <h2 id="document-title">Document</h2>
        <div className="row">
          {cleared && (
            <button type="button" className="quiet" onClick={document.undoClear}>
              Undo clear
            </button>
          )}
          {filled && (
            <button type="button" className="quiet" onClick={document.clear}>
              Clear
            </button>
          )}
          <label className="button quiet" htmlFor={id}>
            Open file
          </label>
          <input
            id={id}
            className="unseen"
            type="file"
            accept=".txt,.md,.markdown,.text,.log,text/plain,text/markdown"
            onChange={(event) => {
              const [file] = event.target.files ?? [];
              event.target.value = '';
              if (file) void document.openFile(file);
            }}
          />
        </div>
      </div>
      {error && <ErrorNote error={error} onDismiss={document.dismissError} />}
      {reading !== null && <output>Reading {reading}…</output>}
      {filled && title !== '' && <p className="document-name">{title}</p>}
      <DocumentText />
      <TokenLine />
      <Samples />
    </section>
  );
}
