// The vector of matvec_rows as an RMS norm of one row (Zhang and Sennrich 2019, eq. 4), which every workgroup makes anew: the
// row lies in the cache, and a dispatch of its own would cost more. Values are rounded as `rms_norm` stores them. The importer
// imports matvec_rows and has
//   x: array<vec4f>      [row][2 * length8]
//   norm: array<half4>   [2 * length8]
//   params.x_first4, params.length8, params.epsilon
#import activation

// In two steps: a barrier costs less than that all threads add up all sums.
const NORM_PARTS: u32 = 16;

var<workgroup> sh_squares: array<f32, MATVEC_THREADS>;
var<workgroup> sh_square_parts: array<f32, NORM_PARTS>;

var<private> vector_scale: f32;

fn square_at(at: u32, length4: u32) -> f32 {
  // Without a branch, so that all loads of a turn are under way together.
  let value = x[params.x_first4 + min(at, length4 - 1)];
  return select(0.0, dot(value, value), at < length4);
}

// Must be called before `vector8`. Uniform control flow only.
fn measure_vector(thread: u32) {
  let length4 = 2 * params.length8;
  var sum = 0.0;
  for (var first = 0u; first < length4; first += 4 * MATVEC_THREADS) {
    let at = first + thread;
    let near = square_at(at, length4) + square_at(at + MATVEC_THREADS, length4);
    sum += near + square_at(at + 2 * MATVEC_THREADS, length4) + square_at(at + 3 * MATVEC_THREADS, length4);
  }
  sh_squares[thread] = sum;
  workgroupBarrier();
  if (thread < NORM_PARTS) {
    var part = 0.0;
    for (var i = 0u; i < MATVEC_THREADS; i += NORM_PARTS) {
      part += sh_squares[thread % NORM_PARTS + i];
    }
    sh_square_parts[thread % NORM_PARTS] = part;
  }
  workgroupBarrier();
  var quarters = vec4f();
  for (var i = 0u; i < NORM_PARTS; i += 4) {
    quarters += vec4f(sh_square_parts[i], sh_square_parts[i + 1], sh_square_parts[i + 2], sh_square_parts[i + 3]);
  }
  vector_scale = inverseSqrt(dot(quarters, vec4f(1.0)) / f32(4 * length4) + params.epsilon);
}

fn normed4(k4: u32) -> vec4f {
  return from_act(to_act(x[params.x_first4 + k4] * vector_scale * from_half(norm[k4])));
}

fn vector8(k8: u32) -> Eight {
  return Eight(normed4(2 * k8), normed4(2 * k8 + 1));
}
