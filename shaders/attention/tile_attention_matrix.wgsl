// tile_attention by subgroup matrices: the same walk over the same lists with the same bindings; both products take f16
// fragments and sum in f32. Online softmax as in FlashAttention-2 (Dao 2023, algorithm 1).
// Reference: app/reference/tileAttention.ts
//
// What a fragment's threads hold is not specified, so scores go through workgroup memory to the threads that take maxima
// and exponents, and come back as f16. Outputs stay in fragments, which can't be scaled row by row there. So a row keeps
// the maximum that its exponents refer to until a score outgrows it by more than HEADROOM; then all outputs go through
// workgroup memory once. Any reference gives the same softmax, and exponents of up to 2^HEADROOM fit f16.
//
// The browser guards a fragment's load by a branch unless it can prove the bounds. Hence each array in workgroup memory is
// an array of the parts that subgroups own: offsets in a part come from unrolled loops alone. Loops count by one with
// constant bounds, and what depends on a subgroup or thread is taken modulo a power of two.
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

  var queries = array<Left, (DIM / MAT_K) * DOWN>();
  for (var slice = 0u; slice < (DIM + STEP_KEYS - 1) / STEP_KEYS; slice++) {
    stage_queries(head * params.q_stride, row0, slice * STEP8, thread);
    workgroupBarrier();
    for (var d = 0u; d < STEP_KEYS / MAT_K; d++) {
      let at = slice * (STEP_KEYS / MAT_K) + d;
      if (at < DIM / MAT_K) {
        for (var i = 0u; i < DOWN; i++) {
          queries[at * DOWN + i] =
            subgroupMatrixLoad<Left>(&sh_p[sub_row], i * MAT_M * P_STRIDE + d * MAT_K, false, P_STRIDE);
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
  if (first_step < end_step) {
    stage_keys(fetch(step_at(walk, first_step), kv_base, thread, true), thread);
  }
  workgroupBarrier();

  for (var at = first_step; at < end_step; at++) {
    let step = step_at(walk, at);
    let values = fetch(step, kv_base, thread, false);
    var scores = array<Sum, DOWN * ACROSS>();
    for (var d = 0u; d < DIM / MAT_K; d++) {
      for (var j = 0u; j < ACROSS; j++) {
        let right = subgroupMatrixLoad<Right>(&sh_k[sub_col], j * MAT_N * K_STRIDE + d * MAT_K, true, K_STRIDE);
        for (var i = 0u; i < DOWN; i++) {
          scores[i * ACROSS + j] =
            subgroupMatrixMultiplyAccumulate(queries[d * DOWN + i], right, scores[i * ACROSS + j]);
        }
      }
    }
    for (var i = 0u; i < DOWN; i++) {
      for (var j = 0u; j < ACROSS; j++) {
        subgroupMatrixStore(
          &sh_s[subgroup], i * MAT_M * S_STRIDE + j * MAT_N, scores[i * ACROSS + j], false, S_STRIDE);
      }
    }
    workgroupBarrier();

    // K and V of this step's products are free and due now; the next K is fetched while exponents are taken.
    stage_values(values, thread);
    var next = array<vec4u, KV_EACH>();
    if (at + 1 < end_step) {
      next = fetch(step_at(walk, at + 1), kv_base, thread, true);
    }
    var s = array<f32, EACH_ROWS * EACH_KEYS>();
    for (var r = 0u; r < EACH_ROWS; r++) {
      let row = y + r * ROW_STEP;
      for (var j = 0u; j < EACH_KEYS; j++) {
        let key = x + j * ROW_THREADS;
        let part = (row / ROWS) * SUB_COLS + key / KEYS;
        s[r * EACH_KEYS + j] = sh_s[part][(row % ROWS) * S_STRIDE + key % KEYS] * params.scale;
      }
    }
    if (hides(step, position0)) {
      for (var j = 0u; j < EACH_KEYS; j++) {
        let key = key_at(step, x + j * ROW_THREADS);
        for (var r = 0u; r < EACH_ROWS; r++) {
          let last = min(position0 + y + r * ROW_STEP, params.keys - 1);
          s[r * EACH_KEYS + j] = select(s[r * EACH_KEYS + j], MASKED, key > last);
        }
      }
    }
    var shrink = array<f32, EACH_ROWS>();
    var grew = false;
    for (var r = 0u; r < EACH_ROWS; r++) {
      var most = s[r * EACH_KEYS];
      for (var j = 1u; j < EACH_KEYS; j++) {
        most = max(most, s[r * EACH_KEYS + j]);
      }
      most = over_row_max(most);
      let grows = most > reference[r] + HEADROOM;
      let next_reference = select(reference[r], most, grows);
      shrink[r] = exp2(reference[r] - next_reference);
      reference[r] = next_reference;
      grew = grew || grows;
      var total = 0.0;
      let row = y + r * ROW_STEP;
      for (var j = 0u; j < EACH_KEYS; j++) {
        let p = exp2(s[r * EACH_KEYS + j] - next_reference);
        total += p;
        sh_p[row / ROWS][(row % ROWS) * P_STRIDE + x + j * ROW_THREADS] = f16(p);
      }
      sum[r] = sum[r] * shrink[r] + total;
    }
    stage_keys(next, thread);
    let any_grew = subgroupAny(grew);
    if (lane == 0) {
      sh_grew[subgroup] = u32(any_grew);
    }
    let flags = workgroupUniformLoad(&sh_grew);
    var any_flag = 0u;
    for (var i = 0u; i < SUBGROUPS; i++) {
      any_flag |= flags[i];
    }

    // Outputs of the first step are still zero.
    if (any_flag != 0 && at > first_step) {
      for (var band = 0u; band < BANDS; band++) {
        put_outputs(&o, subgroup, band);
        workgroupBarrier();
        for (var r = 0u; r < EACH_ROWS; r++) {
          let row = y + r * ROW_STEP;
          for (var j = 0u; j < EACH_KEYS; j++) {
            let column = x + j * ROW_THREADS;
            let part = (row / ROWS) * SUB_COLS + column / KEYS;
            sh_s[part][(row % ROWS) * S_STRIDE + column % KEYS] *= shrink[r];
          }
        }
        workgroupBarrier();
        take_outputs(&o, subgroup, band);
        workgroupBarrier();
      }
    }

    for (var d = 0u; d < STEP_KEYS / MAT_K; d++) {
      var weights = array<Left, DOWN>();
      for (var i = 0u; i < DOWN; i++) {
        weights[i] = subgroupMatrixLoad<Left>(&sh_p[sub_row], i * MAT_M * P_STRIDE + d * MAT_K, false, P_STRIDE);
      }
      for (var j = 0u; j < OUT_ACROSS; j++) {
        let right = subgroupMatrixLoad<Right>(&sh_v[sub_col], d * MAT_K * V_STRIDE + j * MAT_N, false, V_STRIDE);
        for (var i = 0u; i < DOWN; i++) {
          o[i * OUT_ACROSS + j] = subgroupMatrixMultiplyAccumulate(weights[i], right, o[i * OUT_ACROSS + j]);
        }
      }
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
    put_outputs(&o, subgroup, band);
    workgroupBarrier();
    for (var r = 0u; r < EACH_ROWS; r++) {
      let row = y + r * ROW_STEP;
      // A row that sees no key is zero.
      let share = select(0.0, 1.0 / sum[r], sum[r] > 0);
      for (var j = 0u; j < (STEP_KEYS / 4 + ROW_THREADS - 1) / ROW_THREADS; j++) {
        let column = (x + j * ROW_THREADS) * 4;
        let in_part = band * KEYS + column % KEYS;
        let dim4 = ((column / KEYS) * DIMS + in_part) / 4;
        if (row0 + row < params.rows && column < STEP_KEYS && in_part < DIMS && dim4 < HEAD8 * 2) {
          let part = (row / ROWS) * SUB_COLS + (column / KEYS) % SUB_COLS;
          let place = (row % ROWS) * S_STRIDE + column % KEYS;
          let value = vec4f(
            sh_s[part][place], sh_s[part][place + 1], sh_s[part][place + 2], sh_s[part][place + 3]);
          let to = (out_first + row0 + row) * params.total_heads + head;
          out[to * (HEAD8 * 2) + dim4] = to_act(value * share);
        }
      }
    }
    workgroupBarrier();
  }
}
