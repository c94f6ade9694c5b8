/** Opening the GPU: every way it can fail has its own sentence; the rest of the app sees a `Gpu` or a `UserError`. */
import { UserError } from '../errors';
import {
  matrixConstants,
  optionalFeatures,
  readCapabilities,
  tierFlags,
  tierOf,
  type Capabilities,
  type Tier,
} from './capabilities';
import { GpuMemory } from './memory';
import { PipelineCache } from './kernel';
import { Pacer } from './pacer';
import { StallWatch } from './stallWatch';
import type { Flag } from './wgsl';

export interface Gpu {
  readonly device: GPUDevice;
  readonly capabilities: Capabilities;
  /** Of all kernels but attention's. */
  readonly tier: Tier;
  /** Of attention over tiles: as `tier`, or where only one of the two gains from subgroup matrices, with or without them. */
  readonly attentionTier: Tier;
  readonly flags: ReadonlySet<Flag>;
  readonly memory: GpuMemory;
  readonly pipelines: PipelineCache;
  readonly pacer: Pacer;
  readonly stall: StallWatch;
  /** Resolves with the sentence to show when the device is lost other than by `destroy()`, or stalls and is given up. */
  readonly lost: Promise<UserError>;
  /** First uncaptured error since the last call, or null. A run that ends with one cannot be trusted. */
  takeFailure(): UserError | null;
  destroy(): void;
}

export interface OpenOptions {
  /** Use less than the adapter has, to test lower tiers. */
  tier?: Tier;
  /** As `tier` if left out. */
  attentionTier?: Tier;
}

/**
 * Chromium 156 on Vulkan answers the first `requestAdapter()` after launch with null ('A valid external Instance
 * reference no longer exists') and succeeds 0.7 s later. Retrying may go when that is fixed in Chromium.
 */
const adapterTries = 6;
const adapterWaitMs = 400;

async function requestAdapter(): Promise<GPUAdapter> {
  if (typeof isSecureContext !== 'undefined' && !isSecureContext) {
    throw new UserError(
      'insecure-context',
      'WebGPU is switched off because this page is not served securely.',
      'Open it over https, or from localhost.',
    );
  }
  // Typed as always present; absent in browsers without WebGPU.
  const webgpu: GPU | undefined = (navigator as { gpu?: GPU }).gpu;
  if (!webgpu) {
    throw new UserError(
      'no-webgpu',
      'This browser has no WebGPU.',
      'Use a current Chrome or Edge (135 or newer; on Linux 144 or newer), Safari 26 or Firefox 141 or newer.',
    );
  }
  for (let tried = 1; ; tried++) {
    const adapter = await webgpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter) return adapter;
    if (tried === adapterTries) break;
    await new Promise((resolve) => {
      setTimeout(resolve, adapterWaitMs);
    });
  }
  throw new UserError(
    'no-adapter',
    'This browser has WebGPU but offers no graphics adapter.',
    'Update the graphics driver, switch hardware acceleration on in the browser settings, or see chrome://gpu for the cause.',
  );
}

/** Limits asked for at the adapter's full value: long prompts need large buffers and tiles need workgroup memory. */
const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxStorageBuffersPerShaderStage',
] as const;

export async function openGpu(options: OpenOptions = {}): Promise<Gpu> {
  const adapter = await requestAdapter();
  const requiredLimits = Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]]));
  const features = optionalFeatures.filter((name) => adapter.features.has(name));
  const device = await adapter
    .requestDevice({
      label: 'minference',
      requiredLimits,
      requiredFeatures: features as GPUFeatureName[],
    })
    .catch((error: unknown) => {
      throw new UserError(
        'no-adapter',
        'The graphics adapter refused to open.',
        'Close other tabs that use the GPU, then reload this page.',
        String(error),
      );
    });

  const capabilities = readCapabilities(adapter.info, new Set(device.features), device.limits);
  const tier = options.tier ?? tierOf(capabilities);
  let firstFailure: UserError | null = null;
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event;
    firstFailure ??=
      error instanceof GPUOutOfMemoryError
        ? outOfMemory(error.message)
        : new UserError(
            'gpu-error',
            'The GPU reported an error, so this result cannot be trusted.',
            'Reload the model and try again; a shorter prompt often helps.',
            error.message,
          );
  });
  const stall = new StallWatch(!capabilities.software);
  // Given up in the browser's GPU process too, which ends what the driver does not.
  void stall.stalled.then(() => {
    device.destroy();
  });
  const gone = device.lost.then(
    (info) =>
      new UserError(
        'device-lost',
        'The connection to the GPU was lost.',
        'Load the model again; if it happens twice, use a shorter prompt and close other pages that use the GPU.',
        `${info.reason}: ${info.message}`,
      ),
  );
  const memory = new GpuMemory(device, capabilities);
  return {
    device,
    capabilities,
    ...kernelsOf(device, capabilities, tier, options.attentionTier ?? tier),
    memory,
    pacer: new Pacer(),
    stall,
    lost: Promise.race([stall.stalled, gone]),
    takeFailure() {
      const failure = firstFailure;
      firstFailure = null;
      return failure;
    },
    destroy() {
      stall.destroy();
      memory.destroy();
      device.destroy();
    },
  };
}

type Kernels = Pick<Gpu, 'tier' | 'attentionTier' | 'flags' | 'pipelines'>;

function kernelsOf(
  device: GPUDevice,
  { subgroupMatrix }: Capabilities,
  tier: Tier,
  attentionTier: Tier,
): Kernels {
  const flags = tierFlags(tier, subgroupMatrix);
  const pipelines = new PipelineCache(device, flags, matrixConstants(subgroupMatrix));
  return { tier, attentionTier, flags, pipelines };
}

/** The same device with kernels of other tiers, which it must have; pipelines start anew. Destroying one destroys both. */
export function withTiers(gpu: Gpu, tier: Tier, attentionTier: Tier): Gpu {
  return { ...gpu, ...kernelsOf(gpu.device, gpu.capabilities, tier, attentionTier) };
}

export function outOfMemory(detail: string): UserError {
  return new UserError(
    'out-of-memory',
    'The GPU ran out of memory.',
    'Use a shorter context or a smaller model, or close other pages that use the GPU.',
    detail,
  );
}
