import { keepVerdict } from '../state/keeping';
import { bytes } from './format';
import { useActions, useModel, usePrompt, useSettings } from './stores';
import { texts } from './texts';

const { keeping: words } = texts;

/** Whether further questions find the document read, and what that takes. */
export function KeepDocument() {
  const settings = useSettings((state) => state);
  const plan = usePrompt((state) => state.plan);
  const adapter = useModel((state) => state.adapter);
  const model = useModel((state) => state.model);
  const actions = useActions();
  const verdict = plan && keepVerdict(settings, plan, adapter, model);
  const { keepCaches } = settings;
  return (
    <div className="keep">
      <label className="check">
        <input
          type="checkbox"
          checked={keepCaches ?? (verdict === null || verdict === 'kept')}
          aria-describedby="keep-cost"
          onChange={(event) => {
            actions.settings.set({ keepCaches: event.target.checked });
          }}
        />
        <span>{words.label}</span>
      </label>
      <p className="help" id="keep-cost">
        {keepCaches === false
          ? words.off
          : plan && verdict
            ? costWords(verdict, bytes(plan.keeping.bytes))
            : words.unplanned}
      </p>
    </div>
  );
}

function costWords(verdict: ReturnType<typeof keepVerdict>, more: string): string {
  switch (verdict) {
    case 'kept':
      return words.kept(more);
    case 'off':
      return words.off;
    case 'buffers':
      return words.buffers;
    case 'memory':
      return words.memory(more);
    case 'unknown':
      return words.unknown(more);
  }
}
