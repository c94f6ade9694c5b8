// The other ceiling that benchmarks compare with: bytes read and written, by a kernel that does nothing else. A copy from
// buffer to buffer may go through a slower unit of the GPU.
// Reference: app/reference/plainCopy.ts
struct Params {
  // Vec4s to copy.
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4u>;         // [count]
@group(0) @binding(2) var<storage, read_write> out: array<vec4u>; // [count]

// Vec4s of a thread: that many reads are on their way at once.
const EACH: u32 = 4;

// Dispatch: x = 1,024 vec4s.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = group.x * (256 * EACH) + thread;
  var got = array<vec4u, EACH>();
  for (var i = 0u; i < EACH; i++) {
    got[i] = a[min(first + i * 256, params.count - 1)];
  }
  for (var i = 0u; i < EACH; i++) {
    if (first + i * 256 < params.count) {
      out[first + i * 256] = got[i];
    }
  }
}
