import { Dialog } from './Dialog';
import { NumberField } from './NumberField';
import { ThemeSwitch } from './ThemeSwitch';
import { SettingsFile } from './SettingsFile';
import { useActions, useSettings } from './stores';
import { texts } from './texts';

const { settings: words } = texts;

export function SettingsDialog() {
  const { watts, gridIntensity, keepDocuments, singleKeys } = useSettings((settings) => settings);
  const { settings, history, page } = useActions();
  return (
    <Dialog title={words.title} onClose={page.close}>
      <section aria-labelledby="settings-theme">
        <h3 id="settings-theme">{words.theme}</h3>
        <ThemeSwitch />
      </section>
      <section aria-labelledby="settings-energy">
        <h3 id="settings-energy">{words.energy}</h3>
        <p className="help">{words.energyHelp}</p>
        <div className="fields">
          <NumberField
            label={words.watts}
            help={words.wattsHelp}
            value={watts}
            min={0.1}
            max={100_000}
            step="any"
            placeholder={words.unset}
            onChange={(value) => {
              settings.set({ watts: value });
            }}
          />
          <NumberField
            label={words.grid}
            help={words.gridHelp}
            value={gridIntensity}
            min={0}
            max={5_000}
            step="any"
            placeholder={words.unset}
            onChange={(value) => {
              settings.set({ gridIntensity: value });
            }}
          />
        </div>
      </section>
      <section aria-labelledby="settings-runs">
        <h3 id="settings-runs">{words.runs}</h3>
        <label className="check">
          <input
            type="checkbox"
            checked={keepDocuments}
            onChange={(event) => {
              settings.set({ keepDocuments: event.target.checked });
            }}
          />
          <span>{words.keepDocuments}</span>
        </label>
        <button type="button" onClick={() => void history.forgetDocuments()}>
          {words.forgetDocuments}
        </button>
      </section>
      <section aria-labelledby="settings-keyboard">
        <h3 id="settings-keyboard">{words.keyboard}</h3>
        <label className="check">
          <input
            type="checkbox"
            checked={singleKeys}
            onChange={(event) => {
              settings.set({ singleKeys: event.target.checked });
            }}
          />
          <span>{words.singleKeys}</span>
        </label>
      </section>
      <SettingsFile />
    </Dialog>
  );
}
