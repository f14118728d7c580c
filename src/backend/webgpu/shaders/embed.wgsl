// out[t] = table[ids[t]], or += where a table came before: one dispatch for each part of each table. A token whose id
// lies in another part gets nothing here. Sums run word, position, token type.

struct Params {
  tokens: u32,
  cols: u32,
  ids: u32,        // where this table's ids begin in `batch`
  first_row: u32,  // of the part
  part_rows: u32,
  overwrite: u32,  // 1: nothing came before
  out_offset: u32,
  out_stride: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> batch: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= p.tokens * p.cols) {
    return;
  }
  let token = i / p.cols;
  let col = i % p.cols;
  let place = p.out_offset + token * p.out_stride + col;
  let row = batch[p.ids + token] - p.first_row;  // wraps to a large number below the part
  var value = 0.0;
  if (row < p.part_rows) {
    value = table[row * p.cols + col];
  }
  if (p.overwrite == 0u) {
    value += out[place];
  }
  out[place] = value;
}
