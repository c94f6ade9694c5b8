import { useId, useState } from 'react';
import type { ModelSource } from '../engine/types';
import { modelSource } from './dropped';
import { useActions, useModel } from './stores';

type Kind = 'builtin' | 'folder' | 'hub';

const kinds: readonly { kind: Kind; label: string; help: string }[] = [
  { kind: 'builtin', label: 'Built-in', help: 'Comes with this page and works offline.' },
  { kind: 'folder', label: 'Folder', help: 'Hugging Face files on this machine. Nothing is uploaded.' },
  { kind: 'hub', label: 'Hugging Face Hub', help: 'Downloaded by id, straight into GPU memory.' },
];

interface ModelSourcesProps {
  /** Hidden, not gone: what was typed is still there after a failed load. */
  hidden: boolean;
  onChosen: () => void;
}

export function ModelSources({ hidden, onChosen }: ModelSourcesProps) {
  const [kind, setKind] = useState<Kind>('builtin');
  const { model } = useActions();
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
                setKind(choice.kind);
              }}
            />
            <span>{choice.label}</span>
          </label>
        ))}
      </fieldset>
      <p className="help">{kinds.find((choice) => choice.kind === kind)?.help}</p>
      {kind === 'builtin' && <BuiltIn onLoad={load} />}
      {kind === 'folder' && <Folder onLoad={load} />}
      {kind === 'hub' && <Hub onLoad={load} />}
      <p className="help">Llama, Qwen2 and Qwen3 families, as safetensors in bf16, f16 or f32.</p>
    </div>
  );
}

interface SourceProps {
  onLoad: (source: ModelSource) => void;
}

function BuiltIn({ onLoad }: SourceProps) {
  const current = useModel((state) => state.source?.kind === 'builtin' && state.model !== null);
  return (
    <button
      type="button"
      disabled={current}
      onClick={() => {
        onLoad({ kind: 'builtin' });
      }}
    >
      {current ? 'It is loaded' : 'Load the built-in model'}
    </button>
  );
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

function Hub({ onLoad }: SourceProps) {
  const [id, setId] = useState('');
  const [revision, setRevision] = useState('');
  const [token, setToken] = useState('');
  const submit = (): void => {
    if (id.trim() === '') return;
    onLoad({
      kind: 'hub',
      id: id.trim(),
      ...(revision.trim() !== '' && { revision: revision.trim() }),
      ...(token.trim() !== '' && { token: token.trim() }),
    });
  };
  return (
    <div className="stack">
      <Text label="Model id" value={id} onChange={setId} placeholder="Qwen/Qwen2.5-0.5B-Instruct" />
      <div className="pair">
        <Text label="Revision (optional)" value={revision} onChange={setRevision} placeholder="main" />
        <Text label="Access token (optional)" value={token} onChange={setToken} secret placeholder="hf_…" />
      </div>
      <p className="help">A token is needed for gated models only. It stays in memory and is never stored.</p>
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
  secret?: boolean;
}

function Text({ label, value, onChange, placeholder, secret = false }: TextProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={secret ? 'password' : 'text'}
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
