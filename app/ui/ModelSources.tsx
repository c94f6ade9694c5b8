import { useEffect, useId, useState } from 'react';
import type { ModelSource } from '../engine/types';
import { ModelList } from './ModelList';
import { TokenField } from './TokenField';
import { modelSource } from './dropped';
import { useActions, useLibrary, useSettings } from './stores';

export type SourceKind = 'list' | 'folder' | 'hub';

const kinds: readonly { kind: SourceKind; label: string; help: string }[] = [
  { kind: 'list', label: 'List', help: 'Downloaded once, then loaded from this machine, also offline.' },
  { kind: 'folder', label: 'Folder', help: 'Hugging Face files on this machine. Nothing is uploaded.' },
  { kind: 'hub', label: 'Hugging Face Hub', help: 'Any model of a supported family, by its id.' },
];

interface ModelSourcesProps {
  /** Hidden, not gone: what was typed is still there after a failed load. */
  hidden: boolean;
  kind: SourceKind;
  onKind: (kind: SourceKind) => void;
  onChosen: () => void;
}

export function ModelSources({ hidden, kind, onKind, onChosen }: ModelSourcesProps) {
  const { model, library } = useActions();
  useEffect(() => {
    if (!hidden) void library.refresh();
  }, [hidden, library]);
  const load = (source: ModelSource): void => {
    onChosen();
    void model.load(source);
  };
  return (
    <div className="sources" hidden={hidden}>
      <fieldset className="segments">
        <legend className="unseen">Where the model comes from</legend>
        {kinds.map((choice) => (
          <label key={choice.kind}>
            <input
              type="radio"
              name="model-source"
              checked={kind === choice.kind}
              onChange={() => {
                onKind(choice.kind);
              }}
            />
            <span>{choice.label}</span>
          </label>
        ))}
      </fieldset>
      <p className="help">{kinds.find((choice) => choice.kind === kind)?.help}</p>
      {kind === 'list' && <ModelList onLoad={load} />}
      {kind === 'folder' && <Folder onLoad={load} />}
      {kind === 'hub' && <Hub onLoad={load} onChosen={onChosen} />}
      <p className="help">Llama, Qwen2 and Qwen3 families, as safetensors in bf16, f16 or f32.</p>
    </div>
  );
}

interface SourceProps {
  onLoad: (source: ModelSource) => void;
}

function Folder({ onLoad }: SourceProps) {
  const id = useId();
  return (
    <div className="field">
      <label className="button" htmlFor={id}>
        Choose a model folder
      </label>
      <input
        id={id}
        className="unseen"
        type="file"
        // React knows the attribute; its types do not.
        {...{ webkitdirectory: '' }}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = '';
          if (files.length > 0) onLoad(modelSource(files));
        }}
      />
      <p className="help">Or drop the folder anywhere on this page.</p>
    </div>
  );
}

function Hub({ onLoad, onChosen }: SourceProps & { onChosen: () => void }) {
  const [id, setId] = useState('');
  const [revision, setRevision] = useState('');
  const token = useLibrary((state) => state.token);
  const available = useLibrary((state) => state.available);
  const wanted = useSettings((state) => state.keepModels);
  const { library, settings } = useActions();
  const keep = wanted && available !== false;
  const submit = (): void => {
    if (id.trim() === '') return;
    const source = { id: id.trim(), ...(revision.trim() !== '' && { revision: revision.trim() }) };
    if (keep) {
      onChosen();
      void library.download(source, true);
    } else onLoad({ kind: 'hub', ...source, ...(token !== '' && { token }), keep: false });
  };
  return (
    <div className="stack">
      <Text label="Model id" value={id} onChange={setId} placeholder="Qwen/Qwen2.5-0.5B-Instruct" />
      <div className="pair">
        <Text label="Revision (optional)" value={revision} onChange={setRevision} placeholder="main" />
        <TokenField label="Access token (optional)" />
      </div>
      <p className="help">A token is needed for gated models only. It stays in memory and is never stored.</p>
      <label className="check">
        <input
          type="checkbox"
          checked={keep}
          disabled={available === false}
          onChange={(event) => {
            settings.set({ keepModels: event.target.checked });
          }}
        />
        <span>Keep it on this machine, for the next time and for offline</span>
      </label>
      <button type="button" disabled={id.trim() === ''} onClick={submit}>
        Download and load
      </button>
    </div>
  );
}

interface TextProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  placeholder: string;
}

function Text({ label, value, onChange, placeholder }: TextProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        autoComplete="off"
        spellCheck={false}
        value={value}
        placeholder={placeholder}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
    </div>
  );
}
