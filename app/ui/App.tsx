import { Dialogs } from './Dialogs';
import { DropTarget } from './DropTarget';
import { Header } from './Header';
import { History } from './History';
import { Scaling } from './Scaling';
import { Setup } from './Setup';
import { Stage } from './Stage';
import { StatusLine } from './StatusLine';
import { Toasts } from './Toasts';
import { UpdateToast } from './UpdateToast';
import { useShortcuts } from './actions';
import { useActions, useVersion } from './stores';
import { pageTexts } from './pageTexts';
import { texts } from './texts';
import { useLeaveWarning } from './useLeaveWarning';
import { useTheme } from './useTheme';

export function App() {
  useTheme();
  useShortcuts();
  useLeaveWarning();
  const { page } = useActions();
  const offline = useVersion((state) => state.offline);
  return (
    <DropTarget>
      <a className="skip" href="#result">
        Skip to the result
      </a>
      <Header />
      <main className="columns">
        <Setup />
        <div className="outcome" id="result" tabIndex={-1}>
          <Stage />
          <Scaling />
          <History />
        </div>
      </main>
      <StatusLine />
      <div className="toast-region">
        <Toasts />
        <UpdateToast />
      </div>
      <Dialogs />
      <footer className="footer">
        <p>
          Everything runs on this machine: no text, question or answer leaves it. Model files come from this
          page, from your folder or, if you ask for one, from the Hugging Face Hub.
          {offline && ' This page and its built-in model also work offline.'}
        </p>
        <p>
          <a href="?bench">Benchmark results</a>
        </p>
        <div className="row">
          <button
            type="button"
            className="quiet"
            onClick={() => {
              page.open({ kind: 'share', run: null });
            }}
          >
            {texts.page.share}
          </button>
          <button
            type="button"
            className="quiet"
            onClick={() => {
              page.open({ kind: 'code', run: null });
            }}
          >
            {pageTexts.code.open}
          </button>
          <button
            type="button"
            className="quiet"
            onClick={() => {
              page.open({ kind: 'about' });
            }}
          >
            {pageTexts.about.title}
          </button>
          <button
            type="button"
            className="quiet"
            onClick={() => {
              page.open({ kind: 'help' });
            }}
          >
            {texts.page.help}
          </button>
        </div>
      </footer>
    </DropTarget>
  );
}
