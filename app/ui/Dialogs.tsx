import { lazy, Suspense } from 'react';
import { usePage } from './stores';

const SettingsDialog = lazy(async () => ({ default: (await import('./SettingsDialog')).SettingsDialog }));
const HelpDialog = lazy(async () => ({ default: (await import('./HelpDialog')).HelpDialog }));
const ShareDialog = lazy(async () => ({ default: (await import('./ShareDialog')).ShareDialog }));
const AboutDialog = lazy(async () => ({ default: (await import('./AboutDialog')).AboutDialog }));
const Palette = lazy(async () => ({ default: (await import('./Palette')).Palette }));
const CodeDialog = lazy(async () => ({ default: (await import('./CodeDialog')).CodeDialog }));

/** The dialog that is open, if one is; fetched when it is first asked for. */
export function Dialogs() {
  const dialog = usePage((state) => state.dialog);
  return (
    <Suspense>
      {dialog?.kind === 'settings' && <SettingsDialog />}
      {dialog?.kind === 'help' && <HelpDialog />}
      {dialog?.kind === 'about' && <AboutDialog />}
      {dialog?.kind === 'palette' && <Palette />}
      {dialog?.kind === 'share' && <ShareDialog run={dialog.run} />}
      {dialog?.kind === 'code' && <CodeDialog run={dialog.run} />}
    </Suspense>
  );
}
