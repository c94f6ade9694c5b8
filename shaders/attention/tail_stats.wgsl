// First pass of the estimate: softmax statistics of the prompt's last queries against all keys, one span of 128 keys
// at a time (MInference, arXiv 2407.02490, section 3; FlashAttention's partial maxima and sums).
// With KEEP, the exponents are kept as 16-bit floats for tail_bands, 128 bytes a key and head. At a million keys they would
// be 128 MiB a head; then nothing is kept, and tail_sums computes the scores again.
// Reference: app/reference/verticalSlashEstimate.ts, of the whole algorithm.
#import score_tile
#import tail_rows

// 1 keeps the exponents, 0 does not; a tail of at most 64 rows then.
#const KEEP: u32

struct Params {
  keys: u32,
  // Rows of the tail; the last of them stands at position keys - 1.
  tail_rows: u32,
  first_span: u32,
  spans: u32,
  // Query head of workgroup row 0, and the first KV head of the binding k.
  head_base: u32,
  kv_head_base: u32,
  // Query heads per KV head.
  group: u32,
  dim4: u32,
  key_stride: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tail: array<half4>; // [head][tail_rows][dim4]
@group(0) @binding(2) var<storage, read> k: array<half4>;    // [kv head][key_stride][dim4]
// Largest score and sum of exp(score - largest): [head - head_base][tail_rows][spans]
@group(0) @binding(3) var<storage, read_write> partials: array<vec2f>;
// exp(score - the span's largest), two halves each: [head - head_base][span][key of span][8], eight rows a vec4
@group(0) @binding(4) var<storage, read_write> weights: array<vec4u>;

const LOWEST: f32 = -1e30;

var<workgroup> sh_red: array<f32, 1024>; // [query][thread % 16]

// Dispatch: (span, head); a workgroup takes all rows of the tail, 64 at a time.
@compute @workgroup_size(SCORE_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let span = params.first_span + group.x;
  let head = params.head_base + group.y;
  take_head(head);
  let row8 = thread / 16;
  let key8 = thread % 16;
  let first_key = span * SCORE_KEYS;

  for (var first_row = 0u; first_row < params.tail_rows; first_row += SCORE_ROWS) {
    var scores = score_tile(first_row, first_key, params.dim4, thread);
    for (var r = 0u; r < 8; r++) {
      let row = first_row + row8 * 8 + r;
      // Keys below `limit` are causal and exist; none for rows beyond the tail.
      let limit = select(0u, params.keys - params.tail_rows + row + 1, row < params.tail_rows);
      var largest = LOWEST;
      for (var c = 0u; c < 8; c++) {
        let live = first_key + key8 * 8 + c < limit;
        let score = select(LOWEST, scores[2 * r + c / 4][c % 4] * params.scale, live);
        scores[2 * r + c / 4][c % 4] = score;
        largest = max(largest, score);
      }
      sh_red[(row8 * 8 + r) * 16 + key8] = largest;
    }
    workgroupBarrier();
    var row_max = LOWEST;
    if (thread < SCORE_ROWS) {
      for (var i = 0u; i < 16; i++) {
        row_max = max(row_max, sh_red[thread * 16 + i]);
      }
      sh_red[thread * 16] = row_max;
    }
    workgroupBarrier();
    var sums = array<f32, 8>();
    for (var r = 0u; r < 8; r++) {
      let largest = sh_red[(row8 * 8 + r) * 16];
      for (var c = 0u; c < 8; c++) {
        let score = scores[2 * r + c / 4][c % 4];
        let weight = select(0.0, exp(score - largest), score > LOWEST);
        scores[2 * r + c / 4][c % 4] = weight;
        sums[r] += weight;
      }
    }
    if (KEEP == 1) {
      for (var c = 0u; c < 8; c++) {
        var packed = vec4u();
        for (var r = 0u; r < 4; r++) {
          packed[r] = pack2x16float(vec2f(scores[4 * r + c / 4][c % 4], scores[4 * r + 2 + c / 4][c % 4]));
        }
        weights[((group.y * params.spans + span) * SCORE_KEYS + key8 * 8 + c) * 8 + row8] = packed;
      }
    }
    workgroupBarrier();
    for (var r = 0u; r < 8; r++) {
      sh_red[(row8 * 8 + r) * 16 + key8] = sums[r];
    }
    workgroupBarrier();
    let row = first_row + thread;
    if (thread < SCORE_ROWS && row < params.tail_rows) {
      var sum = 0.0;
      for (var i = 0u; i < 16; i++) {
        sum += sh_red[thread * 16 + i];
      }
      partials[(group.y * params.tail_rows + row) * params.spans + span] = vec2f(row_max, sum);
    }
    workgroupBarrier();
  }
}
