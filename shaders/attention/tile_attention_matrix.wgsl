// tile_attention by subgroup matrices: the same walk over the same lists with the same bindings; both products take f16
// fragments and sum in f32. Online softmax as in FlashAttention-2 (Dao 2023, algorithm 1).
// Reference: app/reference/tileAttention.ts
//
// What a fragment's threads hold is not specified, so scores go through workgroup memory to the threads that take maxima
// and exponents, and come back as f16. Outputs stay in fragments, which can't be scaled row by row there. So a row keeps
// the maximum that its exponents refer to until a score outgrows it by more than HEADROOM; then all outputs go through
// workgroup memory once. Any reference gives the same softmax, and exponents of up to 2^HEADROOM fit f16.
//
// The browser guards a fragment's load by a branch unless it can prove the bounds: loops count by one with constant bounds,
// and what depends on a subgroup or thread is taken modulo a power of two. An array of fragments must be indexed by what is
// constant once loops are unrolled, or it leaves the registers: hence the calls with 0, 1, 2 and 3 for the dims and keys
// that most heads have.
#import activation
#import attention_fragments
#import tile_walk

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4u>;           // [head][q_stride][HEAD8], eight halves each
@group(0) @binding(2) var<storage, read> k: array<vec4u>;           // [KV head of this range][key_stride][HEAD8]
@group(0) @binding(3) var<storage, read> v: array<vec4u>;           // as k
@group(0) @binding(4) var<storage, read> counts: array<vec2<u32>>;  // [head][row block]: tiles, columns
@group(0) @binding(5) var<storage, read> tiles: array<u32>;         // [head][row block][tile_capacity]: first key
@group(0) @binding(6) var<storage, read> columns: array<u32>;       // [head][row block][column_capacity]: key
@group(0) @binding(7) var<storage, read_write> out: array<act4>;    // [split][row][total_heads][2 HEAD8]
// Row reference (base 2) and sum: [split][row][total_heads]. Written only where keys are split.
@group(0) @binding(8) var<storage, read_write> stats: array<vec2f>;

const HEADROOM: f32 = 8;

// Dispatch: x = head within the range, y = row block counted from the last, so that long rows start first, z = split.
@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(subgroup_id) subgroup_id: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let subgroup = subgroup_id % SUBGROUPS;
  let sub_row = subgroup / SUB_COLS;
  let sub_col = subgroup % SUB_COLS;
  // Not local_invocation_index: the threads of a row must be neighbours in one subgroup.
  let thread = subgroup * LANES + lane % LANES;
  let x = thread % ROW_THREADS;
  let y = thread / ROW_THREADS;
  let head = params.head_base + workgroup.x;
  let block = params.first_row_block + params.row_blocks - 1 - workgroup.y;
  let row0 = block * 64;
  let position0 = params.row_position + row0;
  let kv_base = (workgroup.x / params.group) * params.key_stride;
  let split = params.first_split + workgroup.z;
  let walk = walk_of(head, block, split);
  let first_step = walk.first;
  let end_step = walk.end;

  // Where the subgroup's scores start, and its rows of Q and P.
  let score_corner = sub_row * (ROWS * S_STRIDE) + sub_col * KEYS;
  let weight_corner = sub_row * (ROWS * P_STRIDE);

  var queries = array<Left, (DIM / MAT_K) * DOWN>();
  for (var slice = 0u; slice < (DIM + STEP_KEYS - 1) / STEP_KEYS; slice++) {
    stage_queries(head * params.q_stride, row0, slice * STEP8, thread);
    workgroupBarrier();
    for (var d = 0u; d < STEP_KEYS / MAT_K; d++) {
      let at = slice * (STEP_KEYS / MAT_K) + d;
      if (at < DIM / MAT_K) {
        for (var i = 0u; i < DOWN; i++) {
          queries[at * DOWN + i] =
            subgroupMatrixLoad<Left>(&sh_p, weight_corner + i * MAT_M * P_STRIDE + d * MAT_K, false, P_STRIDE);
        }
      }
    }
    workgroupBarrier();
  }

  var o = array<Sum, DOWN * OUT_ACROSS>();
  // Of the thread's rows, y + r * ROW_STEP: what exponents refer to, and the sum over the thread's keys.
  var reference = array<f32, EACH_ROWS>();
  var sum = array<f32, EACH_ROWS>();
  for (var r = 0u; r < EACH_ROWS; r++) {
    reference[r] = LEAST_MAX;
  }
  var step = Step();
  var at_kv = vec4u();
  if (first_step < end_step) {
    step = step_at(walk, first_step);
    at_kv = places(step, kv_base, thread);
    stage_keys(fetch_keys(at_kv, thread), thread);
  }
  workgroupBarrier();

  for (var at = first_step; at < end_step; at++) {
    let values = fetch_values(at_kv, thread);
    var scores = array<Sum, DOWN * ACROSS>();
    add_scores(&scores, &queries, sub_col, 0);
    if (DIM / MAT_K > 1) { add_scores(&scores, &queries, sub_col, 1); }
    if (DIM / MAT_K > 2) { add_scores(&scores, &queries, sub_col, 2); }
    if (DIM / MAT_K > 3) { add_scores(&scores, &queries, sub_col, 3); }
    for (var d = 4u; d < DIM / MAT_K; d++) {
      add_scores(&scores, &queries, sub_col, d);
    }
    for (var i = 0u; i < DOWN; i++) {
      for (var j = 0u; j < ACROSS; j++) {
        subgroupMatrixStore(
          &sh_s, score_corner + i * MAT_M * S_STRIDE + j * MAT_N, scores[i * ACROSS + j], false, S_STRIDE);
      }
    }
    workgroupBarrier();

    // K and V of this step's products are free and due now; the next K is fetched while exponents are taken.
    stage_values(values, thread);
    let this_step = step;
    var next = Eights();
    if (at + 1 < end_step) {
      step = step_at(walk, at + 1);
      at_kv = places(step, kv_base, thread);
      next = fetch_keys(at_kv, thread);
    }
    var s = array<vec4f, EACH_ROWS * EACH_FOURS>();
    for (var r = 0u; r < EACH_ROWS; r++) {
      for (var j = 0u; j < EACH_FOURS; j++) {
        s[r * EACH_FOURS + j] =
          four(y + r * ROW_STEP, (x + j * ROW_THREADS) * 4) * params.scale;
      }
    }
    if (hides(this_step, position0)) {
      for (var j = 0u; j < EACH_FOURS; j++) {
        let slot = (x + j * ROW_THREADS) * 4;
        let keys = vec4u(
          key_at(this_step, slot), key_at(this_step, slot + 1), key_at(this_step, slot + 2),
          key_at(this_step, slot + 3));
        for (var r = 0u; r < EACH_ROWS; r++) {
          let last = min(position0 + y + r * ROW_STEP, params.keys - 1);
          s[r * EACH_FOURS + j] = select(s[r * EACH_FOURS + j], vec4f(MASKED), keys > vec4u(last));
        }
      }
    }
    var shrink = array<f32, EACH_ROWS>();
    var grew = false;
    for (var r = 0u; r < EACH_ROWS; r++) {
      var most4 = s[r * EACH_FOURS];
      for (var j = 1u; j < EACH_FOURS; j++) {
        most4 = max(most4, s[r * EACH_FOURS + j]);
      }
      let most = over_row_max(max(max(most4.x, most4.y), max(most4.z, most4.w)));
      let grows = most > reference[r] + HEADROOM;
      let next_reference = select(reference[r], most, grows);
      shrink[r] = exp2(reference[r] - next_reference);
      reference[r] = next_reference;
      grew = grew || grows;
      var total = vec4f();
      for (var j = 0u; j < EACH_FOURS; j++) {
        let p = exp2(s[r * EACH_FOURS + j] - next_reference);
        total += p;
        let weights = vec4<f16>(p);
        let to = (y + r * ROW_STEP) * P_STRIDE + (x + j * ROW_THREADS) * 4;
        sh_p[to] = weights.x;
        sh_p[to + 1] = weights.y;
        sh_p[to + 2] = weights.z;
        sh_p[to + 3] = weights.w;
      }
      sum[r] = sum[r] * shrink[r] + (total.x + total.y + total.z + total.w);
    }
    stage_keys(next, thread);
    let any_grew = subgroupAny(grew);
    if (lane == 0 && any_grew) {
      atomicStore(&sh_grew, at + 1);
    }
    // Outputs of the first step are still zero.
    if (workgroupUniformLoad(&sh_grew) == at + 1 && at > first_step) {
      for (var band = 0u; band < BANDS; band++) {
        put_outputs(&o, sub_row, sub_col, band);
        workgroupBarrier();
        for (var r = 0u; r < EACH_ROWS; r++) {
          for (var j = 0u; j < EACH_FOURS; j++) {
            let row = y + r * ROW_STEP;
            let column = (x + j * ROW_THREADS) * 4;
            let smaller = four(row, column) * shrink[r];
            let to = row * S_STRIDE + column;
            sh_s[to] = smaller.x;
            sh_s[to + 1] = smaller.y;
            sh_s[to + 2] = smaller.z;
            sh_s[to + 3] = smaller.w;
          }
        }
        workgroupBarrier();
        take_outputs(&o, sub_row, sub_col, band);
        workgroupBarrier();
      }
    }

    add_outputs(&o, sub_row, sub_col, 0);
    if (STEP_KEYS / MAT_K > 1) { add_outputs(&o, sub_row, sub_col, 1); }
    if (STEP_KEYS / MAT_K > 2) { add_outputs(&o, sub_row, sub_col, 2); }
    if (STEP_KEYS / MAT_K > 3) { add_outputs(&o, sub_row, sub_col, 3); }
    for (var d = 4u; d < STEP_KEYS / MAT_K; d++) {
      add_outputs(&o, sub_row, sub_col, d);
    }
  }

  let is_split = params.splits > 1;
  let out_first = select(0u, split * params.split_rows - params.first_row_block * 64, is_split);
  for (var r = 0u; r < EACH_ROWS; r++) {
    sum[r] = over_row_sum(sum[r]);
    let row = row0 + y + r * ROW_STEP;
    if (is_split && x == 0 && row < params.rows) {
      stats[(out_first + row) * params.total_heads + head] = vec2f(reference[r], sum[r]);
    }
  }
  for (var band = 0u; band < BANDS; band++) {
    put_outputs(&o, sub_row, sub_col, band);
    workgroupBarrier();
    for (var r = 0u; r < EACH_ROWS; r++) {
      let row = y + r * ROW_STEP;
      // A row that sees no key is zero.
      let share = select(0.0, 1.0 / sum[r], sum[r] > 0);
      for (var j = 0u; j < EACH_FOURS; j++) {
        let column = (x + j * ROW_THREADS) * 4;
        let in_part = band * KEYS + column % KEYS;
        let dim4 = ((column / KEYS) * DIMS + in_part) / 4;
        if (row0 + row < params.rows && in_part < DIMS && dim4 < HEAD8 * 2) {
          let to = (out_first + row0 + row) * params.total_heads + head;
          out[to * (HEAD8 * 2) + dim4] = to_act(four(row, column) * share);
        }
      }
    }
    workgroupBarrier();
  }
}
