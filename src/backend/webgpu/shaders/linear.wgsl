// out = act(in·Wᵀ + bias) + residual for one part of the weights' rows. An invocation computes one element, summed over
// k in ascending order.

struct Params {
  rows: u32,
  inner: u32,      // in_features
  part_cols: u32,  // rows of this part of the weights
  first_col: u32,  // of out, bias and residual
  in_offset: u32,
  in_stride: u32,
  out_offset: u32,
  out_stride: u32,
  residual: u32,  // 0: none, 1: in its binding, 2: in the buffer of `out`, which cannot be bound twice
  residual_offset: u32,
  residual_stride: u32,
  act: u32,  // ActivationKind
}

override kInPlace = false;  // `in` lies in the buffer of `out`

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

// By exp: WGSL allows the built-in an absolute error of 1e-5.
fn tanh_of(x: f32) -> f32 {
  let magnitude = 1.0 - 2.0 / (exp(2.0 * min(abs(x), 20.0)) + 1.0);
  return select(magnitude, -magnitude, x < 0.0);
}

// x·Φ(x). Φ(-|x|) by Abramowitz & Stegun 7.1.26, whose absolute error is 1.5e-7 in erf.
fn gelu(x: f32) -> f32 {
  let z = min(abs(x) * 0.70710678, 9.0);
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let tail = 0.5 * series * exp(-z * z);
  return x * select(1.0 - tail, tail, x < 0.0);
}

fn activate(x: f32) -> f32 {
  switch p.act {
    case 1u: { return gelu(x); }
    case 2u: { return 0.5 * x * (1.0 + tanh_of(0.79788456 * (x + 0.044715 * x * x * x))); }
    case 3u: { return max(x, 0.0); }
    case 4u: { return x / (1.0 + exp(min(-x, 80.0))); }
    case 5u: { return tanh_of(x); }
    case 6u: { return 1.0 / (1.0 + exp(min(-x, 80.0))); }
    default: { return x; }
  }
}

fn load(place: u32) -> f32 {
  if (kInPlace) {
    return out[place];
  }
  return input[place];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= p.rows * p.part_cols) {
    return;
  }
  let row = i / p.part_cols;
  let part_col = i % p.part_cols;
  let col = p.first_col + part_col;
  let x = p.in_offset + row * p.in_stride;
  let w = part_col * p.inner;
  var sum = 0.0;
  for (var k = 0u; k < p.inner; k++) {
    sum += load(x + k) * weight[w + k];
  }
  var y = activate(sum + bias[col]);
  let residual_place = p.residual_offset + row * p.residual_stride + col;
  if (p.residual == 1u) {
    y += residual[residual_place];
  } else if (p.residual == 2u) {
    y += out[residual_place];
  }
  out[p.out_offset + row * p.out_stride + col] = y;
}
