/** From a model source to a model on the GPU: config first, so that what can't run is refused before any download. */
import { UserError } from '../errors';
import type { Gpu } from '../gpu/device';
import { parseConfig, type ModelConfig } from '../model/config';
import { builtinNames, folderFiles, urlFiles, type ModelFiles } from '../model/files';
import { hubFiles } from '../model/hub';
import { keptFiles, touchKept } from '../model/library';
import { streamTensors } from '../model/tensors';
import { Transformer } from '../model/transformer';
import { ModelWeights } from '../model/weights';
import { WeightCache } from '../storage/weightCache';
import { createTokenizer, type Tokenizer } from './tokenizer';
import type { LoadProgress, ModelReport, ModelSource } from './types';

export interface LoadedModel {
  readonly report: ModelReport;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly transformer: Transformer;
  destroy(): void;
}

export interface LoadOptions {
  signal: AbortSignal;
  onProgress: (progress: LoadProgress) => void;
  /** URL of the built-in model's folder. */
  builtinBase: string;
}

/** From the kept copy where there is one; the page sees to it that there is, unless the model is not to be kept. */
async function filesOfHub(source: ModelSource & { kind: 'hub' }): Promise<ModelFiles> {
  const cache = await WeightCache.open();
  const kept = cache && (await keptFiles(cache, source));
  if (!cache || !kept) return hubFiles(source.id, source.revision, source.token);
  // Only the order of a list hangs on it.
  await touchKept(cache, source).catch(() => undefined);
  return kept;
}

async function filesOf(source: ModelSource, builtinBase: string): Promise<ModelFiles> {
  switch (source.kind) {
    case 'builtin':
      return urlFiles('builtin', builtinBase, builtinNames);
    case 'folder':
      return folderFiles(source.name, source.files);
    case 'hub':
      return filesOfHub(source);
    case 'url':
      return urlFiles(source.name, source.base);
  }
}

async function readJson(files: ModelFiles, name: string, signal: AbortSignal): Promise<object | undefined> {
  const text = await files.text(name, signal);
  if (text === null) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = null;
  }
  if (typeof json === 'object' && json !== null) return json;
  throw new UserError(
    'bad-model',
    `${name} of ${files.id} is not valid JSON.`,
    'Check that the file is whole.',
  );
}

function required(value: object | undefined, name: string, files: ModelFiles): object {
  if (value !== undefined) return value;
  throw new UserError(
    'not-found',
    `${files.id} has no ${name}.`,
    'A model needs config.json, tokenizer.json and model.safetensors (or its shards with an index).',
  );
}

export async function loadModel(gpu: Gpu, source: ModelSource, options: LoadOptions): Promise<LoadedModel> {
  const { signal, onProgress } = options;
  const files = await filesOf(source, options.builtinBase);
  const note = (stage: LoadProgress['stage'], file: string): void => {
    onProgress({ stage, file, loaded: 0, total: 0 });
  };

  note('config', 'config.json');
  const configJson = required(await readJson(files, 'config.json', signal), 'config.json', files);
  const generation = await readJson(files, 'generation_config.json', signal);
  const config = parseConfig(configJson, generation);

  note('tokenizer', 'tokenizer.json');
  const tokenizerJson = required(await readJson(files, 'tokenizer.json', signal), 'tokenizer.json', files);
  const tokenizerConfig = (await readJson(files, 'tokenizer_config.json', signal)) ?? {};
  const template = await files.text('chat_template.jinja', signal);
  const tokenizer = createTokenizer(tokenizerJson, tokenizerConfig, template);

  const weights = new ModelWeights(gpu, config);
  try {
    const wanted = (name: string): boolean => weights.wants(name);
    const progress = (loaded: number, total: number, file: string): void => {
      onProgress({ stage: 'weights', file, loaded, total });
    };
    let unflushed = 0;
    for await (const slice of streamTensors(files, { signal, onProgress: progress, want: wanted })) {
      weights.write(slice);
      unflushed += slice.half.byteLength;
      // Queued writes are copies: let the GPU take them before more pile up.
      if (unflushed > 256 * 2 ** 20) {
        await gpu.device.queue.onSubmittedWorkDone();
        unflushed = 0;
      }
    }
    weights.finish();
    note('pipelines', '');
    const transformer = await Transformer.create(gpu, config, weights);
    const failure = gpu.takeFailure();
    if (failure) throw failure;
    const report: ModelReport = {
      id: files.id,
      family: config.family,
      layers: config.layers,
      hidden: config.hidden,
      heads: config.heads,
      kvHeads: config.kvHeads,
      headDim: config.headDim,
      vocab: config.vocab,
      contextLength: config.contextLength,
      parameters: weights.parameters,
      weightBytes: weights.bytes,
      hasChatTemplate: tokenizer.hasTemplate,
    };
    const destroy = (): void => {
      transformer.destroy();
      weights.destroy();
    };
    return { report, config, tokenizer, transformer, destroy };
  } catch (error) {
    weights.destroy();
    throw error;
  }
}
