import type { ModelSource } from '../engine/types';
import { fitOf, type Fit } from '../state/fit';
import { keyOf } from '../state/library';
import { models, listedModel, weightBytes, type ListedModel } from '../state/models';
import type { HubSource } from '../worker/library';
import { ErrorNote } from './ErrorNote';
import { ModelRow } from './ModelRow';
import { NumberField } from './NumberField';
import { bytes } from './format';
import { useActions, useBusy, useLibrary, useModel, useSettings } from './stores';

/** Prompts that a model's fit is told for, unless the context is set. */
const usualTokens = 131_072;

/** Tells, for the context that is set, whether a model fits this adapter. */
function useFit(): (listed: ListedModel | undefined) => Fit | null {
  const adapter = useModel((state) => state.adapter);
  const context = useSettings((state) => state.context);
  const newTokens = useSettings((state) => state.newTokens);
  const gpuMemory = useSettings((state) => state.gpuMemory);
  return (listed) =>
    adapter && listed
      ? fitOf({
          shape: listed.shape,
          weights: weightBytes(listed.shape),
          adapter,
          tokens: Math.min(context ?? usualTokens, listed.contextLength),
          newTokens,
          gpuMemory: gpuMemory === null ? null : gpuMemory * 2 ** 30,
        })
      : null;
}

export function ModelList({ onLoad }: { onLoad: (source: ModelSource) => void }) {
  const fit = useFit();
  const kept = useLibrary((state) => state.kept);
  const downloads = useLibrary((state) => state.downloads);
  const error = useLibrary((state) => state.error);
  const token = useLibrary((state) => state.token);
  const model = useModel((state) => state.model);
  const current = useModel((state) => state.source);
  const loading = useModel((state) => state.loading !== null);
  const busy = useBusy() !== null;
  const { library } = useActions();
  // What is or was downloaded by id stands below the list.
  const others = new Map(
    [...kept, ...Object.values(downloads).map(({ source: { id, revision = 'main' } }) => ({ id, revision }))]
      .filter((one) => one.revision !== 'main' || !listedModel(one.id))
      .map(({ id, revision }) => [keyOf({ id, revision }), revision === 'main' ? { id } : { id, revision }]),
  );
  const sources: (HubSource | 'builtin')[] = [
    ...models.map(({ id }) => (id === 'builtin' ? id : { id })),
    ...others.values(),
  ];
  const isLoaded = (source: HubSource | 'builtin'): boolean =>
    model !== null &&
    (source === 'builtin'
      ? current?.kind === 'builtin'
      : current?.kind === 'hub' && keyOf(current) === keyOf(source));
  return (
    <div className="stack model-list">
      {error && <ErrorNote error={error} onDismiss={library.dismissError} />}
      <ul aria-label="Models">
        {sources.map((source) => {
          const listed = listedModel(source === 'builtin' ? source : source.id);
          return (
            <ModelRow
              key={source === 'builtin' ? source : keyOf(source)}
              source={source}
              listed={listed}
              kept={source === 'builtin' ? undefined : kept.find((one) => keyOf(one) === keyOf(source))}
              fit={fit(listed)}
              loaded={isLoaded(source)}
              busy={busy || loading}
              onLoad={() => {
                onLoad(
                  source === 'builtin'
                    ? { kind: 'builtin' }
                    : { kind: 'hub', ...source, ...(token !== '' && { token }) },
                );
              }}
            />
          );
        })}
      </ul>
      <GpuMemory />
      <Room />
    </div>
  );
}

function GpuMemory() {
  const gpuMemory = useSettings((state) => state.gpuMemory);
  const { settings } = useActions();
  return (
    <NumberField
      label="GPU memory, GiB (optional)"
      help="Browsers do not tell it, only how large one buffer may be. Without it, ‘fits’ is said of what one buffer could hold, and ‘tight’ of what is more."
      value={gpuMemory}
      min={0.25}
      max={4_096}
      step="any"
      placeholder="not known"
      onChange={(value) => {
        settings.set({ gpuMemory: value });
      }}
    />
  );
}

function Room() {
  const { available, kept, room, persisted } = useLibrary((state) => state);
  if (available === false)
    return (
      <p className="help">
        This browser keeps no files for this page, so models are streamed into GPU memory each time.
      </p>
    );
  if (!available || kept.length === 0) return null;
  const used = kept.reduce((sum, model) => sum + model.bytes, 0);
  return (
    <p className="help">
      {bytes(used)} of models on this machine{room && `, of ${bytes(room.quota)} that the browser allows`}.{' '}
      {persisted ? 'They stay until you delete them.' : 'The browser may clear them when the disk runs full.'}
    </p>
  );
}
