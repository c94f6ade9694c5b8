/** What an adapter can do, read once. Kernels ask this object and never the adapter. */
import type { Flag } from './wgsl';

/** Which kernels an adapter gets; each tier is a superset of the one before. */
export const allTiers = ['portable', 'f16', 'f16-subgroups', 'subgroup-matrix'] as const;
export type Tier = (typeof allTiers)[number];

/** Fragments m x k times k x n, and how the subgroups of 256 threads share a tile of 128 x 128. */
export interface MatrixShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly subRows: number;
  readonly subCols: number;
  /** k of a slice of that tile: 64, or 32 where workgroup memory is short. */
  readonly slice: number;
  /** The feature has its experimental name. */
  readonly experimental: boolean;
}

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
  /** Fragments of f16 with sums in f32 that the kernels here can use; null: none. */
  readonly subgroupMatrix: MatrixShape | null;
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
    subgroupMatrix: matrixShape(info, features, limits),
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

/** What `GPUAdapterInfo.subgroupMatrixConfigs` lists; the types of @webgpu/types do not have it yet. */
interface MatrixConfig {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}

/** Threads of the products that use subgroup matrices, and rows and columns of their tile. */
const matrixThreads = 256;
const matrixTile = 128;

/** Bytes of workgroup memory, as `lib/matmul_tile_matrix.wgsl` declares it: a slice of both operands, and 16 rows of sums. */
function matrixMemory(slice: number): number {
  return 2 * 2 * matrixTile * (slice + 8) + 4 * 16 * (matrixTile + 8);
}

/** The largest fragments that fit, or null: subgroups of one known size are needed, to share out the tile. */
function matrixShape(
  info: GPUAdapterInfo & { subgroupMatrixConfigs?: Iterable<MatrixConfig> },
  features: ReadonlySet<string>,
  limits: GPUSupportedLimits,
): MatrixShape | null {
  const experimental = !features.has('subgroup-matrix');
  if (experimental && !features.has('chromium-experimental-subgroup-matrix')) return null;
  if (!features.has('shader-f16') || !features.has('subgroups')) return null;
  const size = info.subgroupMinSize;
  const slice = [64, 32].find((k) => matrixMemory(k) <= limits.maxComputeWorkgroupStorageSize);
  if (size !== info.subgroupMaxSize || slice === undefined) return null;
  const subgroups = matrixThreads / size;
  const subRows = 2 ** Math.ceil(Math.log2(subgroups) / 2);
  const subCols = subgroups / subRows;
  const shapes = [...(info.subgroupMatrixConfigs ?? [])]
    .filter(
      ({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32',
    )
    .map(({ M: m, N: n, K: k }) => ({ m, n, k, subRows, subCols, slice, experimental }))
    .filter(
      ({ m, n, k }) =>
        16 % m === 0 && 32 % k === 0 && (matrixTile / subRows) % m === 0 && (matrixTile / subCols) % n === 0,
    );
  return shapes.toSorted((a, b) => b.m * b.n * b.k - a.m * a.n * a.k)[0] ?? null;
}

/** `#const`s of the kernels that use subgroup matrices; a kernel gets those that it declares. */
export function matrixConstants(shape: MatrixShape | null): Record<string, number> {
  if (!shape) return {};
  return {
    MAT_M: shape.m,
    MAT_N: shape.n,
    MAT_K: shape.k,
    SUB_ROWS: shape.subRows,
    SUB_COLS: shape.subCols,
    SLICE: shape.slice,
  };
}

/** Every tier that an adapter has, the plainest first. */
export function tiersOf({
  f16,
  subgroups,
  subgroupMatrix,
}: Pick<Capabilities, 'f16' | 'subgroups' | 'subgroupMatrix'>): Tier[] {
  const tiers: Tier[] = ['portable'];
  if (f16) tiers.push('f16');
  if (f16 && subgroups) tiers.push('f16-subgroups');
  if (subgroupMatrix) tiers.push('subgroup-matrix');
  return tiers;
}

/**
 * The tier whose kernels run unless another is asked for. Subgroup matrices are not chosen from what an adapter says it
 * has: with bounds checks on they can be slower than plain f16, so engine/tier.ts measures first.
 */
export function tierOf(capabilities: Pick<Capabilities, 'f16' | 'subgroups'>): Tier {
  if (!capabilities.f16) return 'portable';
  return capabilities.subgroups ? 'f16-subgroups' : 'f16';
}

/** Bytes of one activation between kernels (`shaders/lib/activation.wgsl`). */
export function activationSize(tier: Tier): number {
  return tier === 'portable' ? 4 : 2;
}

/** Shader flags of a tier; `matrix` tells under which name subgroup matrices go. */
export function tierFlags(tier: Tier, matrix: MatrixShape | null): ReadonlySet<Flag> {
  const on = new Set<Flag>();
  if (tier !== 'portable') on.add('f16');
  if (tier === 'f16-subgroups' || tier === 'subgroup-matrix') on.add('subgroups');
  if (tier === 'subgroup-matrix') {
    on.add('subgroup_matrix');
    if (matrix?.experimental) on.add('chromium_matrix');
  }
  return on;
}
