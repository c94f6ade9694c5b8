import { useId, useMemo, useState } from 'react';
import { toReport, type ErrorReport } from '../errors';
import type { FileParameter } from '../state/patterns';
import { download } from './download';
import { useModel } from './stores';

/** Larger than any configuration by an order of magnitude; a model's weights picked by mistake are not read. */
const largest = 4 * 2 ** 20;

interface FileFieldProps {
  parameter: FileParameter;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** A setting that is a file's text: what it says, or why it can't be used, in its place. */
export function FileField({ parameter, value, onChange }: FileFieldProps) {
  const id = useId();
  const model = useModel((state) => state.model);
  const [refused, setRefused] = useState<ErrorReport | null>(null);
  const { label, help, accept, fileName, empty } = parameter;
  const kept = useMemo(
    () => (value === undefined ? null : said(parameter, value, model)),
    [parameter, value, model],
  );
  const error = refused ?? kept?.error ?? null;

  const pick = async (file: File): Promise<void> => {
    try {
      const text = file.size <= largest ? await file.text() : null;
      const found = text === null ? null : said(parameter, text, model);
      const mistake: ErrorReport = {
        code: 'bad-setting',
        sentence: `${file.name} is too large for this.`,
        remedy: 'Pick the JSON file of the heads.',
      };
      setRefused(found === null ? mistake : found.error);
      if (text !== null && found?.error === null) onChange(text);
    } catch (reason) {
      setRefused(toReport(reason));
    }
  };

  return (
    <div className="field">
      <span id={`${id}-label`}>{label}</span>
      <div className="row">
        <label className="button" htmlFor={id} id={`${id}-pick`}>
          Choose a file
        </label>
        <input
          id={id}
          className="unseen"
          type="file"
          accept={accept}
          aria-labelledby={`${id}-label ${id}-pick`}
          aria-describedby={`${id}-says ${id}-help`}
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            event.target.value = '';
            if (file) void pick(file);
          }}
        />
        {value !== undefined && (
          <>
            <button
              type="button"
              className="quiet"
              onClick={() => {
                download(fileName, new Blob([value], { type: 'application/json' }));
              }}
            >
              Export
            </button>
            <button
              type="button"
              className="quiet"
              onClick={() => {
                setRefused(null);
                onChange(undefined);
              }}
            >
              Remove
            </button>
          </>
        )}
      </div>
      <output id={`${id}-says`}>{kept === null ? empty : kept.summary}</output>
      {error && (
        <p className="note note-error" role="alert">
          {error.sentence} {error.remedy}
        </p>
      )}
      <p className="help" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}

function said(
  parameter: FileParameter,
  text: string,
  model: { layers: number; heads: number } | null,
): { summary: string; error: ErrorReport | null } {
  try {
    return { summary: parameter.summary(text, model), error: null };
  } catch (error) {
    return { summary: '', error: toReport(error) };
  }
}
