/** One benchmark request on one GPU, as a result that grows. */
import type { Gpu } from '../../gpu/device';
import { adapterReport } from '../session';
import { benchKernels } from './kernels';
import { openBenchModel } from './model';
import { benchPrefill } from './prefill';
import type { BenchHooks, BenchRequest, BenchResult, KernelBenchResult, PrefillBenchResult } from './types';

export interface BenchContext {
  commit: string;
  browser: string;
  /** URL of the built-in model's folder. */
  builtinBase: string;
}

export interface RunHooks extends BenchHooks {
  /** The result so far: an interrupted benchmark keeps what it measured. */
  onUpdate: (result: BenchResult) => void;
}

export async function runBench(
  gpu: Gpu,
  request: BenchRequest,
  context: BenchContext,
  hooks: RunHooks,
): Promise<BenchResult> {
  const header = {
    version: 1 as const,
    date: new Date().toISOString(),
    commit: context.commit,
    browser: context.browser,
    adapter: adapterReport(gpu),
  };
  if (request.suite === 'kernels') {
    const result: KernelBenchResult = {
      ...header,
      suite: 'kernels',
      request,
      ceilings: null,
      measurements: [],
      notRun: [],
    };
    const measured = await benchKernels(gpu, request, {
      ...hooks,
      onMeasured: (results) => {
        hooks.onUpdate({ ...result, ...results });
      },
    });
    return { ...result, ...measured };
  }
  const model = await openBenchModel(gpu, request.model, context.builtinBase, hooks);
  try {
    const result: PrefillBenchResult = {
      ...header,
      suite: 'prefill',
      request,
      model: model.report,
      measurements: [],
      notRun: [],
    };
    const measured = await benchPrefill(gpu, model, request, {
      ...hooks,
      onMeasured: (results) => {
        hooks.onUpdate({ ...result, ...results });
      },
    });
    return { ...result, ...measured };
  } finally {
    model.destroy();
  }
}
