import { Dialogs } from './Dialogs';
import { DropTarget } from './DropTarget';
import { Setup } from './Setup';
import { Stage } from './Stage';
import { StatusLine } from './StatusLine';
import { Toasts } from './Toasts';
import { useShortcuts } from './actions';
import { pageTexts } from './pageTexts';
import { useTheme } from './useTheme';

/** The page in a frame of another: what to run and what came of it, and a way to the whole page. */
export function EmbedApp() {
  useTheme();
  useShortcuts();
  return (
    <DropTarget>
      <div className="embed">
        <main className="columns">
          <h1 className="unseen">{pageTexts.embed.title}</h1>
          <Setup />
          <div className="outcome" id="result" tabIndex={-1}>
            <Stage />
          </div>
        </main>
        <footer className="footer">
          <a href={location.pathname} target="_blank" rel="noopener">
            {pageTexts.embed.open}
          </a>
        </footer>
      </div>
      <StatusLine />
      <div className="toast-region">
        <Toasts />
      </div>
      <Dialogs />
    </DropTarget>
  );
}
