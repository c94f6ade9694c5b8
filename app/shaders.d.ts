declare module '*.wgsl' {
  const source: import('./gpu/wgsl').ShaderSource;
  export default source;
}
