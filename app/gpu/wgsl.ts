/**
 * The shader build step: imports and variants for plain WGSL, and nothing else.
 *
 * Directives, each alone on its line:
 *   `#import name`            the text of `shaders/lib/name.wgsl`, once per shader, wherever it is first asked for
 *   `#if flag` / `#else` / `#endif`   a variant; flags are the names in `Flag`; nestable. All are the adapter's but
 *                             `small_tile`, which a product of few rows asks for
 *   `#const NAME: type`       a constant given when the pipeline is made. Only for sizes of function-scope arrays
 *                             and loop bounds that must be unrolled, where WGSL's `override` is not allowed
 *
 * Anything odd is an error with file and line: unknown directive, flag, import or constant, unbalanced `#if`.
 * Imports are resolved at build time (`wgslPlugin.ts`); variants and constants when a pipeline is made.
 */

export const flags = ['f16', 'subgroups', 'subgroup_matrix', 'chromium_matrix', 'small_tile'] as const;
export type Flag = (typeof flags)[number];

export type WgslConstants = Readonly<Record<string, number>>;

/** A shader with its imports resolved, as the build emits it. */
export interface ShaderSource {
  /** File stem in snake_case: the label of module, pipeline and timing span. */
  readonly name: string;
  readonly text: string;
}

class WgslError extends Error {
  constructor(file: string, line: number, message: string) {
    super(`${file}.wgsl:${line}: ${message}`);
    this.name = 'WgslError';
  }
}

const directive = /^\s*#(\w*)\s*(.*?)\s*$/;

/** Splices `#import`s. `readLib` returns the text of `shaders/lib/<name>.wgsl` or undefined. */
export function resolveImports(
  name: string,
  text: string,
  readLib: (name: string) => string | undefined,
): ShaderSource {
  const seen = new Set<string>();
  const splice = (file: string, source: string, trail: readonly string[]): string =>
    source
      .split('\n')
      .map((line, index) => {
        const match = directive.exec(line);
        if (match?.[1] !== 'import') return line;
        const wanted = match[2] ?? '';
        if (trail.includes(wanted)) {
          throw new WgslError(file, index + 1, `imports itself through ${[...trail, wanted].join(' -> ')}`);
        }
        const lib = readLib(wanted);
        if (lib === undefined)
          throw new WgslError(file, index + 1, `no shaders/lib/${wanted}.wgsl to import`);
        if (/@(group|compute)\b/.test(lib)) {
          throw new WgslError(
            file,
            index + 1,
            `${wanted} has a binding or an entry point; lib/ holds helpers only`,
          );
        }
        if (seen.has(wanted)) return '';
        seen.add(wanted);
        return splice(wanted, lib, [...trail, wanted]);
      })
      .join('\n');
  const resolved = { name, text: splice(name, text, [name]) };
  // Every variant must at least be well formed, so that a typo fails the build and not a user's run.
  specialise(resolved, new Set(flags), null);
  specialise(resolved, new Set(), null);
  return resolved;
}

/**
 * The WGSL of one variant. `constants` null skips the check that each `#const` is given (for the build's own check).
 * `enable` lines come first, as WGSL asks, wherever the imports left them.
 */
export function specialise(
  shader: ShaderSource,
  on: ReadonlySet<Flag>,
  constants: WgslConstants | null,
): string {
  const kept: string[] = [];
  const enables: string[] = [];
  const used = new Set<string>();
  const stack: { active: boolean; line: number; hasElse: boolean }[] = [];
  const active = (): boolean => stack.every((entry) => entry.active);

  shader.text.split('\n').forEach((line, index) => {
    const at = index + 1;
    const match = directive.exec(line);
    if (!match) {
      if (!active()) return;
      if (/^\s*(enable|requires|diagnostic)\b/.test(line)) {
        if (!enables.includes(line.trim())) enables.push(line.trim());
      } else kept.push(line);
      return;
    }
    const [, word = '', rest = ''] = match;
    const top = stack.at(-1);
    switch (word) {
      case 'if':
        if (!flags.some((flag) => flag === rest))
          throw new WgslError(shader.name, at, `unknown flag '${rest}'`);
        stack.push({ active: flags.some((flag) => flag === rest && on.has(flag)), line: at, hasElse: false });
        break;
      case 'else':
        if (!top || top.hasElse) throw new WgslError(shader.name, at, '#else without #if');
        top.active = !top.active;
        top.hasElse = true;
        break;
      case 'endif':
        if (!stack.pop()) throw new WgslError(shader.name, at, '#endif without #if');
        break;
      case 'const': {
        const declared = /^(\w+)\s*:\s*(u32|i32|f32)$/.exec(rest);
        if (!declared) throw new WgslError(shader.name, at, `malformed #const '${rest}'`);
        const [, constant = '', type = ''] = declared;
        if (!active()) break;
        used.add(constant);
        const value = constants?.[constant];
        if (constants && value === undefined)
          throw new WgslError(shader.name, at, `constant ${constant} was not given`);
        kept.push(`const ${constant}: ${type} = ${type}(${value ?? 1});`);
        break;
      }
      default:
        throw new WgslError(shader.name, at, `unknown directive '#${word}'`);
    }
  });
  const open = stack.at(-1);
  if (open) throw new WgslError(shader.name, open.line, '#if without #endif');
  for (const given of Object.keys(constants ?? {})) {
    if (!used.has(given)) throw new WgslError(shader.name, 1, `constant ${given} is given but not declared`);
  }
  return [...enables, ...kept].join('\n');
}
