import type { FinishedRun } from '../state/run';
import { downloadJson } from './diagnostics';
import { count } from './format';
import { sparseRun } from './words';

/** Everything needed to run this again. */
export function RunFacts({ run }: { run: FinishedRun }) {
  const { result } = run;
  const { adapter, model, request } = result;
  const settings = Object.entries(sparseRun(result)?.settings ?? {});
  const facts: [string, string][] = [
    ['Model', `${model.id}, ${model.family}, ${count(model.layers)} layers`],
    ['Adapter', `${adapter.description} (${adapter.vendor}), ${adapter.tier}`],
    ['Pattern', [request.pattern.name, ...settings.map(([name, value]) => `${name}=${value}`)].join(' ')],
    ['Order', request.order === 'dense-first' ? 'dense first' : 'sparse first'],
    [
      'Sampling',
      request.sampling.temperature === 0
        ? 'greedy'
        : `temperature ${request.sampling.temperature}, top-p ${request.sampling.topP}, seed ${request.sampling.seed}`,
    ],
    ['New tokens at most', count(request.maxNewTokens)],
    ['Version', result.commit],
    ['Browser', result.browser],
    ['Date', result.date],
  ];
  return (
    <section aria-label="Run again">
      <details>
        <summary>Settings of this run</summary>
        <dl className="facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      <button
        type="button"
        onClick={() => {
          downloadJson(fileName(run), result);
        }}
      >
        Download as JSON
      </button>
    </section>
  );
}

export function fileName({ result }: FinishedRun): string {
  return `minference-${result.request.pattern.name}-${result.prompt.tokens}-${result.date.replaceAll(/[:.]/g, '-')}.json`;
}
