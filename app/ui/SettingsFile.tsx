import { useId } from 'react';
import { pageTexts } from './pageTexts';
import { useActions } from './stores';

const { settings: words } = pageTexts;

/** All settings out to a file, in from one, or back to the start. */
export function SettingsFile() {
  const id = useId();
  const { settings } = useActions();
  return (
    <section aria-labelledby="settings-all">
      <h3 id="settings-all">{words.title}</h3>
      <p className="help">{words.help}</p>
      <div className="row">
        <button type="button" onClick={settings.export}>
          {words.export}
        </button>
        <label className="button" htmlFor={id}>
          {words.import}
        </label>
        <input
          id={id}
          className="unseen"
          type="file"
          accept=".json,application/json"
          aria-label={pageTexts.settings.importLabel}
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            event.target.value = '';
            if (file) void settings.import(file);
          }}
        />
        <button type="button" onClick={settings.reset}>
          {words.reset}
        </button>
      </div>
    </section>
  );
}
