import { useId } from 'react';
import type { Theme } from '../state/settings';
import { useActions, useSettings } from './stores';

const themes: readonly { value: Theme; label: string }[] = [
  { value: 'auto', label: 'Auto' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

export function ThemeSwitch() {
  const name = useId();
  const theme = useSettings((settings) => settings.theme);
  const { settings } = useActions();
  return (
    <fieldset className="segments">
      <legend className="unseen">Theme</legend>
      {themes.map(({ value, label }) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={theme === value}
            onChange={() => {
              settings.set({ theme: value });
            }}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
