// Activations between kernels: 16-bit where the adapter computes with f16, f32 in the portable tier. They are small
// (one chunk), so that the portable tier can afford the precision; weights, keys and values are 16-bit in every tier.
#import half
#if f16
alias act4 = half4;

fn from_act(value: act4) -> vec4f {
  return from_half(value);
}

fn to_act(value: vec4f) -> act4 {
  return to_half(value);
}
#else
alias act4 = vec4f;

fn from_act(value: act4) -> vec4f {
  return value;
}

fn to_act(value: vec4f) -> act4 {
  return value;
}
#endif
