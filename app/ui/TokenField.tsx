import { useId } from 'react';
import { useActions, useLibrary } from './stores';

/** The one token there is, wherever it is typed: in memory, gone with the page. */
export function TokenField({ label }: { label: string }) {
  const id = useId();
  const token = useLibrary((state) => state.token);
  const { library } = useActions();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="password"
        // Keeps password managers from offering to store it.
        autoComplete="off"
        spellCheck={false}
        value={token}
        placeholder="hf_…"
        onChange={(event) => {
          library.setToken(event.target.value);
        }}
      />
    </div>
  );
}
