/** One way to declare a kernel: its shader, its storage bindings in order, its variants. The rest is derived. */
import { makeShaderDataDefinitions, makeStructuredView } from 'webgpu-utils';
import { UserError } from '../errors';
import { specialise, type Flag, type ShaderSource, type WgslConstants } from './wgsl';

export type Access = 'read' | 'read_write';

export interface Kernel<Binding extends string = string> {
  readonly shader: ShaderSource;
  /** Storage bindings 1, 2, … of group 0 in order. Binding 0 is always `var<uniform> params: Params`. */
  readonly bindings: Readonly<Record<Binding, Access>>;
  /** Flags that the shader has `#if`s for; a flag that is on but not listed does not split the cache. */
  readonly variants: readonly Flag[];
}

export interface Specialisation {
  constants?: WgslConstants;
  /** Values for WGSL `override`s. */
  overrides?: Readonly<Record<string, number>>;
  /** Flags to leave out although the tier has them. */
  without?: readonly Flag[];
  /** Flags to put on although the tier leaves them out: for a kernel of another tier, which the device must have. */
  with?: readonly Flag[];
}

export interface Pipeline<Binding extends string = string> {
  readonly kernel: Kernel<Binding>;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Names of the storage bindings in order. */
  readonly names: readonly string[];
  readonly params: ParamsWriter;
}

/** Writes the fields of `Params`, numbers all, in the layout that WGSL prescribes. */
export interface ParamsWriter {
  /** The struct as last written. */
  readonly bytes: Uint8Array;
  /** Fields that are left out keep what they had. */
  write(values: Readonly<Record<string, number>>): Uint8Array;
}

export function defineKernel<Binding extends string>(kernel: Kernel<Binding>): Kernel<Binding> {
  return kernel;
}

/** Compiles each (kernel, variant, constants, overrides) once. */
export class PipelineCache {
  private readonly pipelines = new Map<string, Promise<Pipeline>>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();

  constructor(
    private readonly device: GPUDevice,
    private readonly flags: ReadonlySet<Flag>,
    /** Constants of the variants that use subgroup matrices, for shaders that declare them; a specialisation may give its own. */
    private readonly matrix: WgslConstants = {},
  ) {}

  /** Pipelines made so far; a warm-up is complete when a run adds none. */
  get size(): number {
    return this.pipelines.size;
  }

  get<Binding extends string>(
    kernel: Kernel<Binding>,
    spec: Specialisation = {},
  ): Promise<Pipeline<Binding>> {
    const on = kernel.variants.filter(
      (flag) => (this.flags.has(flag) || spec.with?.includes(flag)) && !spec.without?.includes(flag),
    );
    const key = JSON.stringify([kernel.shader.name, on, spec.constants ?? {}, spec.overrides ?? {}]);
    let pipeline = this.pipelines.get(key);
    if (!pipeline) {
      pipeline = this.compile(kernel, new Set(on), spec);
      this.pipelines.set(key, pipeline);
      // A failed compilation must not be remembered: the next run may ask with the device in better shape.
      pipeline.catch(() => this.pipelines.delete(key));
    }
    return pipeline;
  }

  private async compile(kernel: Kernel, on: ReadonlySet<Flag>, spec: Specialisation): Promise<Pipeline> {
    const label = kernel.shader.name;
    const matrix = Object.fromEntries(
      Object.entries(this.matrix).filter(
        ([name]) => on.has('subgroup_matrix') && kernel.shader.text.includes(`#const ${name}:`),
      ),
    );
    const code = specialise(kernel.shader, on, { ...matrix, ...spec.constants });
    const layout = this.layout(kernel);
    const module = this.device.createShaderModule({ label, code });
    const pipeline = await this.device
      .createComputePipelineAsync({
        label,
        layout: this.device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main', constants: { ...spec.overrides } },
      })
      .catch((error: unknown) => {
        throw new UserError(
          'gpu-error',
          `The GPU could not build the kernel ${label}.`,
          'Update the graphics driver or browser; please report this with the details.',
          String(error),
        );
      });
    return {
      kernel,
      pipeline,
      layout,
      names: Object.keys(kernel.bindings),
      params: paramsWriter(label, code),
    };
  }

  private layout(kernel: Kernel): GPUBindGroupLayout {
    const access = Object.values(kernel.bindings);
    const key = access.join();
    let layout = this.layouts.get(key);
    if (!layout) {
      layout = this.device.createBindGroupLayout({
        label: key,
        entries: [
          {
            binding: 0,
            visibility: GPUShaderStage.COMPUTE,
            buffer: { type: 'uniform', hasDynamicOffset: true },
          },
          ...access.map((mode, index) => ({
            binding: index + 1,
            visibility: GPUShaderStage.COMPUTE,
            buffer: { type: mode === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
          })),
        ],
      });
      this.layouts.set(key, layout);
    }
    return layout;
  }
}

/** For `struct Params` of a shader. Only that struct is parsed: the parser need not know the newest WGSL. */
export function paramsWriter(label: string, code: string): ParamsWriter {
  const struct = /struct Params\s*\{[^}]*\}/.exec(code)?.[0];
  if (!struct) throw new Error(`${label}.wgsl declares no struct Params`);
  const { params } = makeShaderDataDefinitions(
    `${struct}\n@group(0) @binding(0) var<uniform> params: Params;`,
  ).uniforms;
  if (!params) throw new Error(`${label}.wgsl: struct Params could not be laid out`);
  const { arrayBuffer, views } = makeStructuredView(params);
  const fields = Object.entries(views as Record<string, Uint32Array | Int32Array | Float32Array>);
  for (const [name, view] of fields) {
    if (view.length !== 1) throw new Error(`${label}.wgsl: the field ${name} of Params is not one number`);
  }
  const bytes = new Uint8Array(arrayBuffer);
  return {
    bytes,
    write(values) {
      for (const [name, view] of fields) {
        const value = values[name];
        if (value !== undefined) view[0] = value;
      }
      return bytes;
    },
  };
}
