/** What an adapter can do, read once. Kernels ask this object and never the adapter. */
import type { Flag } from './wgsl';

/** Which kernels an adapter gets; each tier is a superset of the one before. */
export type Tier = 'portable' | 'f16' | 'f16-subgroups' | 'subgroup-matrix';

export interface Capabilities {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** CPU adapters: correct, not fast. */
  readonly software: boolean;
  readonly f16: boolean;
  readonly subgroups: boolean;
  /** Range of subgroup sizes, never assumed to be one number; 4 to 128 by the specification. */
  readonly subgroupMinSize: number;
  readonly subgroupMaxSize: number;
  readonly subgroupMatrix: boolean;
  readonly timestamps: boolean;
  readonly limits: {
    readonly maxBufferSize: number;
    readonly maxStorageBufferBindingSize: number;
    readonly maxComputeWorkgroupStorageSize: number;
    readonly maxComputeInvocationsPerWorkgroup: number;
    readonly maxComputeWorkgroupsPerDimension: number;
    readonly maxStorageBuffersPerShaderStage: number;
    readonly minStorageBufferOffsetAlignment: number;
  };
}

/** Optional features asked for when present. The subgroup-matrix feature has an experimental name for now. */
export const optionalFeatures: readonly string[] = [
  'shader-f16',
  'subgroups',
  'timestamp-query',
  'subgroup-matrix',
  'chromium-experimental-subgroup-matrix',
];

/** Vendors and descriptions of CPU implementations; `isFallbackAdapter` is not set by all of them. */
const softwareNames = /swiftshader|llvmpipe|lavapipe|warp|basic render|software/i;

export function readCapabilities(
  info: GPUAdapterInfo,
  features: ReadonlySet<string>,
  limits: GPUSupportedLimits,
): Capabilities {
  const description = info.description || info.device || info.architecture || 'unnamed adapter';
  return {
    vendor: info.vendor || 'unknown',
    architecture: info.architecture,
    description,
    software:
      info.isFallbackAdapter ||
      softwareNames.test(`${info.vendor} ${info.architecture} ${info.device} ${description}`),
    f16: features.has('shader-f16'),
    subgroups: features.has('subgroups'),
    subgroupMinSize: info.subgroupMinSize,
    subgroupMaxSize: info.subgroupMaxSize,
    subgroupMatrix: features.has('subgroup-matrix') || features.has('chromium-experimental-subgroup-matrix'),
    timestamps: features.has('timestamp-query'),
    limits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      minStorageBufferOffsetAlignment: limits.minStorageBufferOffsetAlignment,
    },
  };
}

/** The tier whose kernels run. Subgroup-matrix kernels are not among them yet, so that tier is never reported. */
export function tierOf(capabilities: Pick<Capabilities, 'f16' | 'subgroups'>): Tier {
  if (!capabilities.f16) return 'portable';
  return capabilities.subgroups ? 'f16-subgroups' : 'f16';
}

/** Bytes of one activation between kernels (`shaders/lib/activation.wgsl`). */
export function activationSize(tier: Tier): number {
  return tier === 'portable' ? 4 : 2;
}

/** Shader flags of a tier. */
export function tierFlags(tier: Tier): ReadonlySet<Flag> {
  const on = new Set<Flag>();
  if (tier !== 'portable') on.add('f16');
  if (tier === 'f16-subgroups' || tier === 'subgroup-matrix') on.add('subgroups');
  return on;
}
