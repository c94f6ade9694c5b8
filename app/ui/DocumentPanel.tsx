import { useId } from 'react';
import { DocumentFiles } from './DocumentFiles';
import { DocumentText } from './DocumentText';
import { ErrorNote } from './ErrorNote';
import { ReadingLine } from './ReadingLine';
import { Samples } from './Samples';
import { TokenLine } from './TokenLine';
import { UndoClear } from './UndoClear';
import { useActions, useDocument } from './stores';

export function DocumentPanel() {
  const id = useId();
  const title = useDocument((state) => state.title);
  const filled = useDocument((state) => state.text !== '');
  const fromFiles = useDocument((state) => state.files.length > 0);
  const error = useDocument((state) => state.error);
  const { document } = useActions();
  return (
    <section className="panel" aria-labelledby="document-title">
      <div className="panel-head">
        <h2 id="document-title">Document</h2>
        <div className="row">
          {filled && (
            <button type="button" className="quiet" onClick={document.clear}>
              Clear
            </button>
          )}
          <label className="button quiet" htmlFor={id}>
            Open files
          </label>
          <input
            id={id}
            className="unseen"
            type="file"
            // No `accept`: source code has too many endings, so anything may be picked and is looked at.
            multiple
            onChange={(event) => {
              const files = [...(event.target.files ?? [])];
              event.target.value = '';
              if (files.length > 0) void document.openFiles(files);
            }}
          />
        </div>
      </div>
      {error && <ErrorNote error={error} onDismiss={document.dismissError} />}
      <ReadingLine />
      <UndoClear />
      {filled && title !== '' && !fromFiles && <p className="document-name">{title}</p>}
      <DocumentFiles />
      <DocumentText />
      <TokenLine />
      <Samples />
    </section>
  );
}
