import { configureGlobal } from 'fast-check';

// The same cases in every run, so that a failure is the change's and not the day's; another seed finds others.
configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 1) });

// webgpu-utils expects a browser's globals: it lists Float16Array when it loads (Node 20 has none; may go when Node 24
// is the oldest supported) and reads GPUShaderStage when it parses. Nothing in these tests makes a Float16Array.
Object.assign(globalThis, {
  Float16Array: globalThis.Float16Array ?? Uint16Array,
  GPUShaderStage: { VERTEX: 1, FRAGMENT: 2, COMPUTE: 4 },
});
