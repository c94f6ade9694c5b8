import { useEffect } from 'react';
import { useSettings } from './stores';

/** `auto` leaves the choice to the system; the style sheet does the rest through `color-scheme`. */
export function useTheme(): void {
  const theme = useSettings((settings) => settings.theme);
  useEffect(() => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}
