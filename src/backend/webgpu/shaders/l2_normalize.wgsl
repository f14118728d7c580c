// Rows to unit length in place, an invocation a row; a row of zeros stays (torch.nn.functional.normalize, eps 1e-12).

struct Params {
  rows: u32,
  cols: u32,
  offset: u32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * 64u;
  if (row >= p.rows) {
    return;
  }
  let x = p.offset + row * p.stride;
  var squares = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    squares += out[x + c] * out[x + c];
  }
  let length = max(sqrt(squares), 1e-12);
  for (var c = 0u; c < p.cols; c++) {
    out[x + c] = out[x + c] / length;
  }
}
