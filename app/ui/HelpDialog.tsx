import { Dialog } from './Dialog';
import { actions } from './actions';
import { useActions, useSettings } from './stores';
import { texts } from './texts';

export function HelpDialog() {
  const singleKeys = useSettings((settings) => settings.singleKeys);
  const { page } = useActions();
  return (
    <Dialog title={texts.help.title} onClose={page.close}>
      <dl className="shortcuts">
        {actions.map(({ id, label, keys, single }) => (
          <div key={id} data-off={(single === true && !singleKeys) || undefined}>
            <dt>{label}</dt>
            <dd>
              <kbd>{keys}</kbd>
            </dd>
          </div>
        ))}
      </dl>
      <p className="help">{singleKeys ? texts.help.note : texts.help.off}</p>
    </Dialog>
  );
}
