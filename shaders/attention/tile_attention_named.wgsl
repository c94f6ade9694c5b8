// tile_attention_matrix for heads of at most four fragments: the same walk and the same arithmetic, laid out for speed.
// How a row keeps the maximum that its exponents refer to is told there. Online softmax as in FlashAttention-2 (Dao 2023,
// algorithm 1).
// Reference: app/reference/tileAttention.ts
//
// Fragments have names and products no loops: on an H200 loops over arrays of fragments took 1.6 times as long, and
// loops over named ones a seventh longer. The browser guards a fragment's load by a branch unless it can prove the
// bounds: what depends on a subgroup or thread is taken modulo a power of two.
#import activation
#import attention_rooms
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
  // Not local_invocation_index: the threads of a row must be neighbours in one subgroup.
  let thread = subgroup * LANES + lane % LANES;
  let x = thread % ROW_THREADS;
  let y = thread / ROW_THREADS;
  let slots = slots_of(thread);
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
  let score_corner = subgroup * (MAT_M * S_STRIDE);
  let weight_corner = subgroup * (MAT_M * P_STRIDE);

  stage_queries(head * params.q_stride, row0, thread);
  workgroupBarrier();
  let query0 = subgroupMatrixLoad<Left>(&sh_p, weight_corner, false, P_STRIDE);
  let query1 = subgroupMatrixLoad<Left>(&sh_p, weight_corner + MAT_K, false, P_STRIDE);
  let query2 = subgroupMatrixLoad<Left>(&sh_p, weight_corner + 2 * MAT_K, false, P_STRIDE);
  let query3 = subgroupMatrixLoad<Left>(&sh_p, weight_corner + 3 * MAT_K, false, P_STRIDE);
  workgroupBarrier();

  var out0 = Sum();
  var out1 = Sum();
  var out2 = Sum();
  var out3 = Sum();
  // Of the thread's rows, y + r * ROW_STEP: what exponents refer to, and the sum over the thread's keys.
  var reference = array<f32, EACH_ROWS>();
  var sum = array<f32, EACH_ROWS>();
  for (var r = 0u; r < EACH_ROWS; r++) {
    reference[r] = LEAST_MAX;
  }
  // The step whose keys are staged, where its eights are, and what was fetched of them.
  var step = Step();
  var at_kv = vec4u();
  var value0 = vec4u();
  var value1 = vec4u();
  var value2 = vec4u();
  var value3 = vec4u();
  var eight0 = vec4u();
  var eight1 = vec4u();
  var eight2 = vec4u();
  var eight3 = vec4u();
  if (first_step < end_step) {
    step = step_at(walk, first_step);
    at_kv = places(step, slots, kv_base);
    if (filled(slots.x, 0)) { eight0 = k[at_kv.x]; }
    if (filled(slots.y, 1)) { eight1 = k[at_kv.y]; }
    if (filled(slots.z, 2)) { eight2 = k[at_kv.z]; }
    if (filled(slots.w, 3)) { eight3 = k[at_kv.w]; }
    if (staged(slots.x, 0)) { put_keys8(slots.x, eight0); }
    if (staged(slots.y, 1)) { put_keys8(slots.y, eight1); }
    if (staged(slots.z, 2)) { put_keys8(slots.z, eight2); }
    if (staged(slots.w, 3)) { put_keys8(slots.w, eight3); }
  }
  workgroupBarrier();

  for (var at = first_step; at < end_step; at++) {
    if (filled(slots.x, 0)) { value0 = v[at_kv.x]; }
    if (filled(slots.y, 1)) { value1 = v[at_kv.y]; }
    if (filled(slots.z, 2)) { value2 = v[at_kv.z]; }
    if (filled(slots.w, 3)) { value3 = v[at_kv.w]; }
    var score0 = Sum();
    var score1 = Sum();
    var score2 = Sum();
    var score3 = Sum();
    let key00 = subgroupMatrixLoad<Right>(&sh_k, 0, true, K_STRIDE);
    score0 = subgroupMatrixMultiplyAccumulate(query0, key00, score0);
    let key01 = subgroupMatrixLoad<Right>(&sh_k, MAT_N * K_STRIDE, true, K_STRIDE);
    score1 = subgroupMatrixMultiplyAccumulate(query0, key01, score1);
    let key02 = subgroupMatrixLoad<Right>(&sh_k, 2 * MAT_N * K_STRIDE, true, K_STRIDE);
    score2 = subgroupMatrixMultiplyAccumulate(query0, key02, score2);
    let key03 = subgroupMatrixLoad<Right>(&sh_k, 3 * MAT_N * K_STRIDE, true, K_STRIDE);
    score3 = subgroupMatrixMultiplyAccumulate(query0, key03, score3);
    let key10 = subgroupMatrixLoad<Right>(&sh_k, MAT_K, true, K_STRIDE);
    score0 = subgroupMatrixMultiplyAccumulate(query1, key10, score0);
    let key11 = subgroupMatrixLoad<Right>(&sh_k, MAT_K + MAT_N * K_STRIDE, true, K_STRIDE);
    score1 = subgroupMatrixMultiplyAccumulate(query1, key11, score1);
    let key12 = subgroupMatrixLoad<Right>(&sh_k, MAT_K + 2 * MAT_N * K_STRIDE, true, K_STRIDE);
    score2 = subgroupMatrixMultiplyAccumulate(query1, key12, score2);
    let key13 = subgroupMatrixLoad<Right>(&sh_k, MAT_K + 3 * MAT_N * K_STRIDE, true, K_STRIDE);
    score3 = subgroupMatrixMultiplyAccumulate(query1, key13, score3);
    let key20 = subgroupMatrixLoad<Right>(&sh_k, 2 * MAT_K, true, K_STRIDE);
    score0 = subgroupMatrixMultiplyAccumulate(query2, key20, score0);
    let key21 = subgroupMatrixLoad<Right>(&sh_k, 2 * MAT_K + MAT_N * K_STRIDE, true, K_STRIDE);
    score1 = subgroupMatrixMultiplyAccumulate(query2, key21, score1);
    let key22 = subgroupMatrixLoad<Right>(&sh_k, 2 * MAT_K + 2 * MAT_N * K_STRIDE, true, K_STRIDE);
    score2 = subgroupMatrixMultiplyAccumulate(query2, key22, score2);
    let key23 = subgroupMatrixLoad<Right>(&sh_k, 2 * MAT_K + 3 * MAT_N * K_STRIDE, true, K_STRIDE);
    score3 = subgroupMatrixMultiplyAccumulate(query2, key23, score3);
    let key30 = subgroupMatrixLoad<Right>(&sh_k, 3 * MAT_K, true, K_STRIDE);
    score0 = subgroupMatrixMultiplyAccumulate(query3, key30, score0);
    let key31 = subgroupMatrixLoad<Right>(&sh_k, 3 * MAT_K + MAT_N * K_STRIDE, true, K_STRIDE);
    score1 = subgroupMatrixMultiplyAccumulate(query3, key31, score1);
    let key32 = subgroupMatrixLoad<Right>(&sh_k, 3 * MAT_K + 2 * MAT_N * K_STRIDE, true, K_STRIDE);
    score2 = subgroupMatrixMultiplyAccumulate(query3, key32, score2);
    let key33 = subgroupMatrixLoad<Right>(&sh_k, 3 * MAT_K + 3 * MAT_N * K_STRIDE, true, K_STRIDE);
    score3 = subgroupMatrixMultiplyAccumulate(query3, key33, score3);
    subgroupMatrixStore(&sh_s, score_corner, score0, false, S_STRIDE);
    subgroupMatrixStore(&sh_s, score_corner + MAT_N, score1, false, S_STRIDE);
    subgroupMatrixStore(&sh_s, score_corner + 2 * MAT_N, score2, false, S_STRIDE);
    subgroupMatrixStore(&sh_s, score_corner + 3 * MAT_N, score3, false, S_STRIDE);
    workgroupBarrier();

    // K and V of this step's products are free and due now; the next K is fetched while exponents are taken.
    if (staged(slots.x, 0)) { put_values8(slots.x, value0); }
    if (staged(slots.y, 1)) { put_values8(slots.y, value1); }
    if (staged(slots.z, 2)) { put_values8(slots.z, value2); }
    if (staged(slots.w, 3)) { put_values8(slots.w, value3); }
    let this_step = step;
    if (at + 1 < end_step) {
      step = step_at(walk, at + 1);
      at_kv = places(step, slots, kv_base);
      if (filled(slots.x, 0)) { eight0 = k[at_kv.x]; }
      if (filled(slots.y, 1)) { eight1 = k[at_kv.y]; }
      if (filled(slots.z, 2)) { eight2 = k[at_kv.z]; }
      if (filled(slots.w, 3)) { eight3 = k[at_kv.w]; }
    }
    var s = array<vec4f, EACH_ROWS * EACH_FOURS>();
    for (var r = 0u; r < EACH_ROWS; r++) {
      for (var j = 0u; j < EACH_FOURS; j++) {
        s[r * EACH_FOURS + j] = four(y + r * ROW_STEP, (x + j * ROW_THREADS) * 4);
      }
    }
    if (hides(this_step, position0)) {
      for (var j = 0u; j < EACH_FOURS; j++) {
        let slot = (x + j * ROW_THREADS) * 4;
        let keys = keys_at(this_step, slot);
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
      let most = over_row_max(max(max(most4.x, most4.y), max(most4.z, most4.w))) * params.scale;
      let grows = most > reference[r] + HEADROOM;
      let next_reference = select(reference[r], most, grows);
      shrink[r] = exp2(reference[r] - next_reference);
      reference[r] = next_reference;
      grew = grew || grows;
      var total = vec4f();
      for (var j = 0u; j < EACH_FOURS; j++) {
        let p = exp2(fma(s[r * EACH_FOURS + j], vec4f(params.scale), vec4f(-next_reference)));
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
    // After the last step nobody reads what is staged.
    if (staged(slots.x, 0)) { put_keys8(slots.x, eight0); }
    if (staged(slots.y, 1)) { put_keys8(slots.y, eight1); }
    if (staged(slots.z, 2)) { put_keys8(slots.z, eight2); }
    if (staged(slots.w, 3)) { put_keys8(slots.w, eight3); }
    let any_grew = subgroupAny(grew);
    if (lane == 0 && any_grew) {
      atomicStore(&sh_grew[0], at + 1);
    }
    // Outputs of the first step are still zero.
    if (workgroupUniformLoad(&sh_grew[0]) == at + 1 && at > first_step) {
      subgroupMatrixStore(&sh_s, score_corner, out0, false, S_STRIDE);
      subgroupMatrixStore(&sh_s, score_corner + MAT_N, out1, false, S_STRIDE);
      subgroupMatrixStore(&sh_s, score_corner + 2 * MAT_N, out2, false, S_STRIDE);
      subgroupMatrixStore(&sh_s, score_corner + 3 * MAT_N, out3, false, S_STRIDE);
      workgroupBarrier();
      for (var r = 0u; r < EACH_ROWS; r++) {
        for (var j = 0u; j < EACH_FOURS; j++) {
          let to = (y + r * ROW_STEP) * S_STRIDE + (x + j * ROW_THREADS) * 4;
          sh_s[to] *= shrink[r];
          sh_s[to + 1] *= shrink[r];
          sh_s[to + 2] *= shrink[r];
          sh_s[to + 3] *= shrink[r];
        }
      }
      workgroupBarrier();
      out0 = subgroupMatrixLoad<Sum>(&sh_s, score_corner, false, S_STRIDE);
      out1 = subgroupMatrixLoad<Sum>(&sh_s, score_corner + MAT_N, false, S_STRIDE);
      out2 = subgroupMatrixLoad<Sum>(&sh_s, score_corner + 2 * MAT_N, false, S_STRIDE);
      out3 = subgroupMatrixLoad<Sum>(&sh_s, score_corner + 3 * MAT_N, false, S_STRIDE);
      workgroupBarrier();
    }

    let weights0 = subgroupMatrixLoad<Left>(&sh_p, weight_corner, false, P_STRIDE);
    let value00 = subgroupMatrixLoad<Right>(&sh_v, 0, false, V_STRIDE);
    out0 = subgroupMatrixMultiplyAccumulate(weights0, value00, out0);
    let value01 = subgroupMatrixLoad<Right>(&sh_v, MAT_N, false, V_STRIDE);
    out1 = subgroupMatrixMultiplyAccumulate(weights0, value01, out1);
    let value02 = subgroupMatrixLoad<Right>(&sh_v, 2 * MAT_N, false, V_STRIDE);
    out2 = subgroupMatrixMultiplyAccumulate(weights0, value02, out2);
    let value03 = subgroupMatrixLoad<Right>(&sh_v, 3 * MAT_N, false, V_STRIDE);
    out3 = subgroupMatrixMultiplyAccumulate(weights0, value03, out3);
    let weights1 = subgroupMatrixLoad<Left>(&sh_p, weight_corner + MAT_K, false, P_STRIDE);
    let value10 = subgroupMatrixLoad<Right>(&sh_v, MAT_K * V_STRIDE, false, V_STRIDE);
    out0 = subgroupMatrixMultiplyAccumulate(weights1, value10, out0);
    let value11 = subgroupMatrixLoad<Right>(&sh_v, MAT_K * V_STRIDE + MAT_N, false, V_STRIDE);
    out1 = subgroupMatrixMultiplyAccumulate(weights1, value11, out1);
    let value12 = subgroupMatrixLoad<Right>(&sh_v, MAT_K * V_STRIDE + 2 * MAT_N, false, V_STRIDE);
    out2 = subgroupMatrixMultiplyAccumulate(weights1, value12, out2);
    let value13 = subgroupMatrixLoad<Right>(&sh_v, MAT_K * V_STRIDE + 3 * MAT_N, false, V_STRIDE);
    out3 = subgroupMatrixMultiplyAccumulate(weights1, value13, out3);
    let weights2 = subgroupMatrixLoad<Left>(&sh_p, weight_corner + 2 * MAT_K, false, P_STRIDE);
    let value20 = subgroupMatrixLoad<Right>(&sh_v, 2 * MAT_K * V_STRIDE, false, V_STRIDE);
    out0 = subgroupMatrixMultiplyAccumulate(weights2, value20, out0);
    let value21 = subgroupMatrixLoad<Right>(&sh_v, 2 * MAT_K * V_STRIDE + MAT_N, false, V_STRIDE);
    out1 = subgroupMatrixMultiplyAccumulate(weights2, value21, out1);
    let value22 = subgroupMatrixLoad<Right>(&sh_v, 2 * MAT_K * V_STRIDE + 2 * MAT_N, false, V_STRIDE);
    out2 = subgroupMatrixMultiplyAccumulate(weights2, value22, out2);
    let value23 = subgroupMatrixLoad<Right>(&sh_v, 2 * MAT_K * V_STRIDE + 3 * MAT_N, false, V_STRIDE);
    out3 = subgroupMatrixMultiplyAccumulate(weights2, value23, out3);
    let weights3 = subgroupMatrixLoad<Left>(&sh_p, weight_corner + 3 * MAT_K, false, P_STRIDE);
    let value30 = subgroupMatrixLoad<Right>(&sh_v, 3 * MAT_K * V_STRIDE, false, V_STRIDE);
    out0 = subgroupMatrixMultiplyAccumulate(weights3, value30, out0);
    let value31 = subgroupMatrixLoad<Right>(&sh_v, 3 * MAT_K * V_STRIDE + MAT_N, false, V_STRIDE);
    out1 = subgroupMatrixMultiplyAccumulate(weights3, value31, out1);
    let value32 = subgroupMatrixLoad<Right>(&sh_v, 3 * MAT_K * V_STRIDE + 2 * MAT_N, false, V_STRIDE);
    out2 = subgroupMatrixMultiplyAccumulate(weights3, value32, out2);
    let value33 = subgroupMatrixLoad<Right>(&sh_v, 3 * MAT_K * V_STRIDE + 3 * MAT_N, false, V_STRIDE);
    out3 = subgroupMatrixMultiplyAccumulate(weights3, value33, out3);
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
  subgroupMatrixStore(&sh_s, score_corner, out0, false, S_STRIDE);
  subgroupMatrixStore(&sh_s, score_corner + MAT_N, out1, false, S_STRIDE);
  subgroupMatrixStore(&sh_s, score_corner + 2 * MAT_N, out2, false, S_STRIDE);
  subgroupMatrixStore(&sh_s, score_corner + 3 * MAT_N, out3, false, S_STRIDE);
  workgroupBarrier();
  for (var r = 0u; r < EACH_ROWS; r++) {
    let row = y + r * ROW_STEP;
    // A row that sees no key is zero.
    let share = select(0.0, 1.0 / sum[r], sum[r] > 0);
    for (var j = 0u; j < EACH_FOURS; j++) {
      let dim4 = x + j * ROW_THREADS;
      if (row0 + row < params.rows && dim4 < HEAD8 * 2) {
        let to = (out_first + row0 + row) * params.total_heads + head;
        out[to * (HEAD8 * 2) + dim4] = to_act(four(row, dim4 * 4) * share);
      }
    }
  }
}
