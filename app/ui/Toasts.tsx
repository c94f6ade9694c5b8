import { texts } from './texts';
import { useActions, useToasts } from './stores';

/** What just happened and what can be done about it; waits while it is being looked at. */
export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  const { toasts: actions } = useActions();
  const hold = (): void => {
    actions.hold();
  };
  const release = (): void => {
    actions.release();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- only keeps them from going while looked at
    <section
      className="toasts"
      aria-label={texts.toasts.region}
      aria-live="polite"
      onPointerEnter={hold}
      onPointerLeave={release}
      onFocus={hold}
      onBlur={release}
    >
      {toasts.map(({ id, tone, text, action }) => (
        <div key={id} className="toast" data-tone={tone}>
          <p>{text}</p>
          {action && (
            <button
              type="button"
              onClick={() => {
                action.perform();
                actions.dismiss(id);
              }}
            >
              {action.label}
            </button>
          )}
          <button
            type="button"
            className="quiet"
            onClick={() => {
              actions.dismiss(id);
            }}
          >
            {texts.toasts.dismiss}
          </button>
        </div>
      ))}
    </section>
  );
}
