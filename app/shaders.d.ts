declare module '*.wgsl' {
  import type { ShaderSource } from './gpu/wgsl';
  const source: ShaderSource;
  export default source;
}
