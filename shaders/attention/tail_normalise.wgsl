// Softmax statistics of each of the last queries from those of its spans: (largest score, 1 / sum).
// Reference: app/reference/verticalSlashEstimate.ts, of the whole algorithm.

struct Params {
  rows: u32, // heads * tail rows
  spans: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<vec2f>;   // [row][span]
@group(0) @binding(2) var<storage, read_write> stats: array<vec2f>; // [row]

const WORKGROUP: u32 = 64;
const LOWEST: f32 = -1e30;

var<workgroup> sh_part: array<vec2f, WORKGROUP>;

fn joined(a: vec2f, b: vec2f) -> vec2f {
  let largest = max(a.x, b.x);
  return vec2f(largest, a.y * exp2(a.x - largest) + b.y * exp2(b.x - largest));
}

// Dispatch: one workgroup a row, x + y * 65535; its threads stride over the spans.
@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = group.y * groups.x + group.x;
  let live = row < params.rows;
  var part = vec2f(LOWEST, 0.0);
  if (live) {
    for (var span = thread; span < params.spans; span += WORKGROUP) {
      part = joined(part, partials[row * params.spans + span]);
    }
  }
  sh_part[thread] = part;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2; stride > 0; stride /= 2) {
    if (thread < stride) {
      sh_part[thread] = joined(sh_part[thread], sh_part[thread + stride]);
    }
    workgroupBarrier();
  }
  if (live && thread == 0) {
    // Every row sees its own key at least, so the sum is no less than 1.
    stats[row] = vec2f(sh_part[0].x, 1.0 / sh_part[0].y);
  }
}
