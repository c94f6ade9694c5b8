import { version } from '../../package.json';
import { CopyButton } from './CopyButton';
import { Dialog } from './Dialog';
import { diagnostics } from './diagnostics';
import { pageTexts } from './pageTexts';
import { useActions, useStores } from './stores';

const { about: words } = pageTexts;

export function AboutDialog() {
  const stores = useStores();
  const { page } = useActions();
  return (
    <Dialog title={words.title} onClose={page.close}>
      <div className="stack">
        <p>{words.what}</p>
        <p>{words.disclaimer}</p>
        <p>{words.privacy}</p>
      </div>
      <dl className="facts">
        {words.licences.map(([what, licence]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{licence}</dd>
          </div>
        ))}
      </dl>
      <p>
        <a href="licences.txt" target="_blank" rel="noopener">
          {words.libraries}
        </a>
      </p>
      <div className="row row-spread">
        <p className="help">{words.version(version)}</p>
        <CopyButton
          label={words.diagnostics}
          text={() => diagnostics(stores.model.getState().error, stores)}
        />
      </div>
    </Dialog>
  );
}
