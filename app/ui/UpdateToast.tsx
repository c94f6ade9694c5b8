import { useStores, useVersion } from './stores';

/** Offered, never done unasked: the document, the settings and finished runs survive a reload, a run that is going on does not. */
export function UpdateToast() {
  const apply = useVersion((state) => state.apply);
  const { version } = useStores();
  // The live region has to be there before its words are.
  return (
    <output>
      {apply && (
        <div className="toast">
          <p>A new version is ready.</p>
          <button type="button" className="primary" onClick={apply}>
            Reload
          </button>
          <button
            type="button"
            className="quiet"
            onClick={() => {
              version.setState({ apply: null });
            }}
          >
            Later
          </button>
        </div>
      )}
    </output>
  );
}
