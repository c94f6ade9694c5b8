import { useId } from 'react';
import type { DocumentFile } from '../documents/compose';
import { bytes, counted } from './format';
import { useActions, useDocument } from './stores';

/** The files that the document is made of. */
export function DocumentFiles() {
  const id = useId();
  const files = useDocument((state) => state.files);
  const edited = useDocument((state) => state.edited);
  const { document } = useActions();
  if (files.length === 0) return null;
  return (
    <>
      <ul className="chips" aria-label="Files">
        {files.map((file, index) => (
          <li key={`${file.start} ${file.name}`} className="chip">
            <span className="chip-name" title={file.name}>
              {file.name}
            </span>
            <span className="soft">{factsOf(file)}</span>
            {!edited && (
              <button
                type="button"
                className="chip-remove"
                aria-label={`Remove ${file.name}`}
                onClick={() => {
                  document.removeFile(index);
                }}
              >
                <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
                  <path d="M1 1l8 8M9 1l-8 8" stroke="currentColor" strokeWidth="1.5" fill="none" />
                </svg>
              </button>
            )}
          </li>
        ))}
        <li>
          <label className="button quiet" htmlFor={id}>
            Add
          </label>
          <input
            id={id}
            className="unseen"
            type="file"
            multiple
            aria-label="Add files"
            onChange={(event) => {
              const added = [...(event.target.files ?? [])];
              event.target.value = '';
              if (added.length > 0) void document.openFiles(added, { add: true });
            }}
          />
        </li>
      </ul>
      {edited && <p className="help">Changed by hand since it was read.</p>}
      {files.map(
        (file) =>
          file.note !== undefined && (
            <p key={`${file.start} ${file.name}`} className="help">
              {files.length > 1 && `${file.name}: `}
              {file.note}
            </p>
          ),
      )}
    </>
  );
}

function factsOf({ pages, bytes: size }: DocumentFile): string {
  return pages === undefined ? bytes(size) : `${counted(pages, 'page')}, ${bytes(size)}`;
}
