/** What tests of a whole model share: files of the test server, and a model from a folder. */
import { testGpu } from '../gpu/testing';
import { parseConfig } from './config';
import { urlFiles } from './files';
import { streamTensors } from './tensors';
import { Transformer } from './transformer';
import { ModelWeights } from './weights';

export async function json(path: string): Promise<unknown> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Loads `config.json` and the weights of a folder such as '/app/model/fixtures/qwen3/'. */
export async function loadFixture(folder: string, override: Record<string, unknown> = {}) {
  const gpu = await testGpu();
  const base = (await json(`${folder}config.json`)) as Record<string, unknown>;
  const config = parseConfig({ ...base, ...override });
  const files = urlFiles('fixture', new URL(folder, location.href).href);
  const weights = new ModelWeights(gpu, config);
  const options = {
    signal: new AbortController().signal,
    onProgress: () => undefined,
    want: (name: string) => weights.wants(name),
  };
  for await (const slice of streamTensors(files, options)) weights.write(slice);
  weights.finish();
  const model = await Transformer.create(gpu, config, weights);
  return {
    model,
    destroy: () => {
      model.destroy();
      weights.destroy();
    },
  };
}
