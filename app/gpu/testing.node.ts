// webgpu-utils lists Float16Array when it loads; Node 20 has none. Nothing in these tests makes one.
// May go when Node 24 is the oldest supported.
Object.assign(globalThis, { Float16Array: globalThis.Float16Array ?? Uint16Array });
