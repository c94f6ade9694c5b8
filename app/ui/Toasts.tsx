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
  const dismiss = (id: number): void => {
    actions.dismiss(id);
    // What had the focus is gone, and with it the event that would let the others go.
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
                dismiss(id);
              }}
            >
              {action.label}
            </button>
          )}
          <button
            type="button"
            className="quiet"
            onClick={() => {
              dismiss(id);
            }}
          >
            {texts.toasts.dismiss}
          </button>
        </div>
      ))}
    </section>
  );
}
