// First pass of the estimate: softmax statistics of the prompt's last queries against all keys, one span of 128 keys
// at a time (MInference, arXiv 2407.02490, section 3; FlashAttention's partial maxima and sums).
// With KEEP, the exponents are kept as 16-bit floats for tail_bands, 128 bytes a key and head. At a million keys they would
// be 128 MiB a head; then nothing is kept, and tail_sums computes the scores again.
// Reference: app/reference/verticalSlashEstimate.ts, of the whole algorithm.
#import tail_tile

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
  // Softmax scale times log2(e): maxima and exponents are base 2.
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tail: array<half4>; // [head][tail_rows][dim4]
@group(0) @binding(2) var<storage, read> k: array<half4>;    // [kv head][key_stride][dim4]
// Largest score and sum of exp2(score - largest): [head - head_base][tail_rows][spans]
@group(0) @binding(3) var<storage, read_write> partials: array<vec2f>;
// exp2(score - the span's largest), two halves each: [head - head_base][span][key of span][8], eight rows a vec4
@group(0) @binding(4) var<storage, read_write> weights: array<vec4u>;

// Masked scores lie far below the least maximum, so that exp2 of their difference is 0.
const MASKED: f32 = -1e30;
const LEAST_MAX: f32 = -1e20;

// Dispatch: (span, head); a workgroup takes all rows of the tail, 64 at a time.
@compute @workgroup_size(TILE_THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let span = params.first_span + group.x;
  take_head(params.head_base + group.y);
  let rows8 = rows8_of(thread) % 8;
  let keys8 = keys8_of(thread) % 16;
  let first_key = span * TILE_KEYS;
  let first_position = params.keys - params.tail_rows; // of the tail's row 0

  for (var first_row = 0u; first_row < params.tail_rows; first_row += TILE_ROWS) {
    var s = tail_scores(first_row, first_key, thread);
    if (first_key + TILE_KEYS > first_position + first_row + 1 || first_row + TILE_ROWS > params.tail_rows) {
      let keys4 = vec4u(first_key + keys8 * 8) + vec4u(0, 1, 2, 3);
      for (var r = 0u; r < 8; r++) {
        let row = first_row + rows8 * 8 + r;
        // Keys below `limit` are causal and exist; none for rows beyond the tail.
        let limit = vec4u(select(0u, first_position + row + 1, row < params.tail_rows));
        s[2 * r] = select(vec4f(MASKED), s[2 * r], keys4 < limit);
        s[2 * r + 1] = select(vec4f(MASKED), s[2 * r + 1], keys4 + 4 < limit);
      }
    }

    // Maxima over the 16 threads of a row lie where keys were, [keys8][four rows], permuted over the banks.
    sh_k[keys8][(rows8 * 2 + keys8) % 16] =
      vec4f(widest(s[0], s[1]), widest(s[2], s[3]), widest(s[4], s[5]), widest(s[6], s[7]));
    sh_k[keys8][(rows8 * 2 + 1 + keys8) % 16] =
      vec4f(widest(s[8], s[9]), widest(s[10], s[11]), widest(s[12], s[13]), widest(s[14], s[15]));
    workgroupBarrier();
    var low = vec4f(LEAST_MAX);
    var high = vec4f(LEAST_MAX);
    for (var i = 0u; i < 16; i++) {
      low = max(low, sh_k[i][(rows8 * 2 + i) % 16]);
      high = max(high, sh_k[i][(rows8 * 2 + 1 + i) % 16]);
    }
    for (var r = 0u; r < 4; r++) {
      s[2 * r] = exp2(s[2 * r] - low[r]);
      s[2 * r + 1] = exp2(s[2 * r + 1] - low[r]);
      s[2 * r + 8] = exp2(s[2 * r + 8] - high[r]);
      s[2 * r + 9] = exp2(s[2 * r + 9] - high[r]);
    }
    // Sums behind the maxima, which others still read.
    sh_k[keys8][16 + (rows8 * 2 + keys8) % 16] =
      vec4f(total(s[0], s[1]), total(s[2], s[3]), total(s[4], s[5]), total(s[6], s[7]));
    sh_k[keys8][16 + (rows8 * 2 + 1 + keys8) % 16] =
      vec4f(total(s[8], s[9]), total(s[10], s[11]), total(s[12], s[13]), total(s[14], s[15]));
    if (KEEP == 1) {
      let to = ((group.y * params.spans + span) * TILE_KEYS + keys8 * 8) * 8 + rows8;
      for (var c = 0u; c < 4; c++) {
        weights[to + c * 8] = vec4u(
          pack2x16float(vec2f(s[0][c], s[2][c])), pack2x16float(vec2f(s[4][c], s[6][c])),
          pack2x16float(vec2f(s[8][c], s[10][c])), pack2x16float(vec2f(s[12][c], s[14][c])));
        weights[to + (c + 4) * 8] = vec4u(
          pack2x16float(vec2f(s[1][c], s[3][c])), pack2x16float(vec2f(s[5][c], s[7][c])),
          pack2x16float(vec2f(s[9][c], s[11][c])), pack2x16float(vec2f(s[13][c], s[15][c])));
      }
    }
    workgroupBarrier();
    // A thread a row.
    let rows4 = (thread / 4) % 16;
    let row = first_row + thread;
    if (thread < TILE_ROWS && row < params.tail_rows) {
      var largest = LEAST_MAX;
      var sum = 0.0;
      for (var i = 0u; i < 16; i++) {
        largest = max(largest, sh_k[i][(rows4 + i) % 16][thread % 4]);
        sum += sh_k[i][16 + (rows4 + i) % 16][thread % 4];
      }
      partials[(group.y * params.tail_rows + row) * params.spans + span] = vec2f(largest, sum);
    }
    workgroupBarrier();
  }
}

fn widest(a: vec4f, b: vec4f) -> f32 {
  let both = max(a, b);
  return max(max(both.x, both.y), max(both.z, both.w));
}

fn total(a: vec4f, b: vec4f) -> f32 {
  let both = a + b;
  return both.x + both.y + both.z + both.w;
}
