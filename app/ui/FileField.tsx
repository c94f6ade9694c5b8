import { useId, useMemo, useRef, useState } from 'react';
import { toReport, type ErrorReport } from '../errors';
import { canUndo, configFile, ofFile } from '../state/headConfigs';
import type { FileParameter } from '../state/patterns';
import { download } from './download';
import { useActions, useHeadConfigs, useModel, useSettings } from './stores';

/** Larger than any configuration by an order of magnitude; a model's weights picked by mistake are not read. */
const largest = 4 * 2 ** 20;

interface FileFieldProps {
  parameter: FileParameter;
  value: string | undefined;
}

/** The configuration by head, a file's text: what it says, or why it can't be used, in its place. */
export function FileField({ parameter, value }: FileFieldProps) {
  const id = useId();
  const model = useModel((state) => state.model);
  const settings = useSettings((all) => all);
  const { configModel: of } = settings;
  const file = configFile(settings);
  const undoable = useHeadConfigs((state) => canUndo(state, settings));
  const { headConfigs } = useActions();
  const picker = useRef<HTMLInputElement>(null);
  const [refused, setRefused] = useState<ErrorReport | null>(null);
  const { label, help, accept, fileName, empty } = parameter;
  const kept = useMemo(
    () => (value === undefined ? null : said(parameter, value, model)),
    [parameter, value, model],
  );
  const error = refused ?? (kept?.error ? ofFile(kept.error, file) : null);
  /** A button that goes away takes the keyboard with it. */
  const change = (to: () => void): void => {
    setRefused(null);
    to();
    picker.current?.focus();
  };

  const pick = async (picked: File): Promise<void> => {
    try {
      const text = picked.size <= largest ? await picked.text() : null;
      const found = text === null ? null : said(parameter, text, model);
      const mistake: ErrorReport = {
        code: 'bad-setting',
        sentence: `${picked.name} is too large for this.`,
        remedy: 'Pick the JSON file of the heads.',
      };
      setRefused(found === null ? mistake : found.error && ofFile(found.error, picked.name));
      if (text !== null && found?.error === null) headConfigs.import(text, picked.name);
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
          ref={picker}
          id={id}
          className="unseen"
          type="file"
          accept={accept}
          aria-labelledby={`${id}-label ${id}-pick`}
          aria-describedby={`${id}-says ${id}-help`}
          onChange={(event) => {
            const [picked] = event.target.files ?? [];
            event.target.value = '';
            if (picked) void pick(picked);
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
                change(headConfigs.remove);
              }}
            >
              Remove
            </button>
          </>
        )}
      </div>
      <div className="row">
        <output id={`${id}-says`}>{kept === null ? empty : kept.summary}</output>
        {undoable && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              change(headConfigs.undo);
            }}
          >
            Undo
          </button>
        )}
      </div>
      {model !== null && value !== undefined && of !== null && of !== model.id && (
        <p className="note note-warning">
          This file is for {of}, and {model.id} is loaded. Load that model, or remove the file.
        </p>
      )}
      {error && (
        <p className="note note-error" role="alert">
          {error.sentence} {error.remedy}
          {refused && (value === undefined ? ' No file is in use.' : ' The file before it is still in use.')}
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
