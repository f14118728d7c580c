// A sequence's rows become one, as PoolingMode says; an invocation a sequence and column, tokens in ascending order.

struct Params {
  sequences: u32,
  cols: u32,
  mode: u32,        // PoolingMode
  cu_seqlens: u32,  // where cu_seqlens begins in `batch`
  pool_begin: u32,  // where pool_begin begins in `batch`
  in_offset: u32,
  in_stride: u32,
  out_offset: u32,
  out_stride: u32,
}

override kInPlace = false;  // `in` lies in the buffer of `out`

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> batch: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

fn load(place: u32) -> f32 {
  if (kInPlace) {
    return out[place];
  }
  return input[place];
}

// Of column `col` over rows [first, end), of which there is at least one; `begin` is the sequence's own first row.
fn pool(begin: u32, first: u32, end: u32, col: u32) -> f32 {
  let column = p.in_offset + col;
  if (p.mode == 0u) {  // cls
    return load(column + first * p.in_stride);
  }
  if (p.mode == 5u) {  // last_token
    return load(column + (end - 1u) * p.in_stride);
  }
  var sum = 0.0;
  var weights = 0.0;
  var highest = load(column + first * p.in_stride);
  for (var t = first; t < end; t++) {
    let x = load(column + t * p.in_stride);
    let weight = select(1.0, f32(t - begin + 1u), p.mode == 4u);  // weighted_mean
    sum += weight * x;
    weights += weight;
    highest = max(highest, x);
  }
  switch p.mode {
    case 2u: { return highest; }              // max
    case 3u: { return sum / sqrt(weights); }  // mean_sqrt_len
    default: { return sum / weights; }        // mean, weighted_mean
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= p.sequences * p.cols) {
    return;
  }
  let sequence = i / p.cols;
  let col = i % p.cols;
  let begin = batch[p.cu_seqlens + sequence];
  let end = batch[p.cu_seqlens + sequence + 1u];
  let first = begin + batch[p.pool_begin + sequence];
  var value = 0.0;
  if (first < end) {
    value = pool(begin, first, end, col);
  }
  out[p.out_offset + sequence * p.out_stride + col] = value;
}
