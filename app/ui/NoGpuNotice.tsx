import { CopyButton } from './CopyButton';
import { diagnostics } from './diagnostics';
import { useActions, useModel, useStores } from './stores';

const browsers: readonly (readonly [string, string])[] = [
  ['Chrome, Edge', '135 or newer on Windows, macOS and ChromeOS; 144 or newer on Linux'],
  ['Safari', '26 or newer'],
  ['Firefox', '141 or newer on Windows; 145 or newer on macOS'],
];

/** No GPU, and which of the possible causes it is. Everything but running goes on working. */
export function NoGpuNotice() {
  const error = useModel((state) => state.adapterError);
  const stores = useStores();
  const { model } = useActions();
  if (!error) return null;
  return (
    <section className="note note-warning" role="alert" aria-labelledby="no-gpu">
      <h2 id="no-gpu">Runs are not possible here yet</h2>
      <p className="note-sentence">{error.sentence}</p>
      <p>{error.remedy}</p>
      <p>
        Meanwhile you can open documents, look at the samples and choose settings; they are kept for when it
        works.
      </p>
      <div className="row">
        <button type="button" onClick={() => void model.begin()}>
          Try again
        </button>
        <CopyButton label="Copy diagnostics" text={() => diagnostics(error, stores)} />
      </div>
      <details>
        <summary>Which browsers have WebGPU</summary>
        <table className="plain">
          <tbody>
            {browsers.map(([name, versions]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{versions}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
      {error.detail !== undefined && (
        <details>
          <summary>Details</summary>
          <pre>{error.detail}</pre>
        </details>
      )}
    </section>
  );
}
