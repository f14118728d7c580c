// out = (in - mean) / sqrt(variance + eps) · gamma + beta, an invocation a row. The second pass corrects the mean that
// the first one rounded (Chan, Golub, LeVeque, The American Statistician 37(3), 1983): f32 is all there is.

struct Params {
  rows: u32,
  cols: u32,
  in_offset: u32,
  in_stride: u32,
  out_offset: u32,
  out_stride: u32,
  eps: f32,
}

override kInPlace = false;  // `in` lies in the buffer of `out`

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> gamma_beta: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

fn load(place: u32) -> f32 {
  if (kInPlace) {
    return out[place];
  }
  return input[place];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= p.rows) {
    return;
  }
  let x = p.in_offset + row * p.in_stride;
  let y = p.out_offset + row * p.out_stride;
  let n = f32(p.cols);
  var sum = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    sum += load(x + c);
  }
  let mean = sum / n;
  var differences = 0.0;
  var squares = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    let d = load(x + c) - mean;
    differences += d;
    squares += d * d;
  }
  let correction = differences / n;
  let variance = max(squares / n - correction * correction, 0.0);
  let inverse = 1.0 / sqrt(variance + p.eps);
  for (var c = 0u; c < p.cols; c++) {
    let d = load(x + c) - mean - correction;
    out[y + c] = d * inverse * gamma_beta[c] + gamma_beta[p.cols + c];
  }
}
