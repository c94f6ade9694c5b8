// 16-bit storage. Tensors in memory are vectors of four halves: `vec4<f16>` where the adapter has shader-f16,
// else two u32 with two packed halves each. Both are 8 bytes, little-endian, so buffers are the same in every tier.
// Arithmetic is f32 in every tier: convert on load, convert on store.
#if f16
enable f16;
#if subgroup_matrix
enable subgroups;
#if chromium_matrix
enable chromium_experimental_subgroup_matrix;
#else
enable subgroup_matrix;
#endif
#endif
alias half4 = vec4<f16>;

fn from_half(value: half4) -> vec4f {
  return vec4f(value);
}

// Saturates: a sum beyond 65504 would be an infinity, which WGSL may assume away.
fn to_half(value: vec4f) -> half4 {
  return half4(clamp(value, vec4f(-65504.0), vec4f(65504.0)));
}
#else
alias half4 = vec2<u32>;

fn from_half(value: half4) -> vec4f {
  return vec4f(unpack2x16float(value.x), unpack2x16float(value.y));
}

fn to_half(value: vec4f) -> half4 {
  let kept = clamp(value, vec4f(-65504.0), vec4f(65504.0));
  return half4(pack2x16float(kept.xy), pack2x16float(kept.zw));
}
#endif
