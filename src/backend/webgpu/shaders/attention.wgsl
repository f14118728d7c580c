// softmax(scale·q·kᵀ)·v, a workgroup a token and head. Streaming softmax (Milakov & Gimelshein, arXiv 1805.02867) over
// blocks of 64 keys, counted from the sequence's first: scores by one invocation a key, columns of the output by one
// invocation each. The row of `out` is the accumulator, so heads of any size work, and no loop is as long as a sequence
// times a head.

struct Params {
  tokens: u32,
  heads: u32,
  kv_heads: u32,
  head_dim: u32,
  scale: f32,
  sequences: u32,   // where the sequence of each token begins in `batch`
  cu_seqlens: u32,  // where cu_seqlens begins in `batch`
  in_offset: u32,
  in_stride: u32,
  out_offset: u32,
  out_stride: u32,
}

override kInPlace = false;  // `qkv` lies in the buffer of `out`

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
@group(0) @binding(2) var<storage, read> batch: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

const kBlock = 64u;
var<workgroup> scores: array<f32, kBlock>;
var<workgroup> weights: array<f32, kBlock>;

fn load(place: u32) -> f32 {
  if (kInPlace) {
    return out[place];
  }
  return qkv[place];
}

fn score(query: u32, key: u32) -> f32 {
  var sum = 0.0;
  for (var c = 0u; c < p.head_dim; c++) {
    sum += load(query + c) * load(key + c);
  }
  return p.scale * sum;
}

@compute @workgroup_size(kBlock)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x + group.y * groups.x;
  if (i >= p.tokens * p.heads) {
    return;
  }
  let token = i / p.heads;
  let head = i % p.heads;
  let sequence = batch[p.sequences + token];
  let begin = batch[p.cu_seqlens + sequence];
  let end = batch[p.cu_seqlens + sequence + 1u];
  let kv_head = head / (p.heads / p.kv_heads);
  let query = p.in_offset + token * p.in_stride + head * p.head_dim;
  let keys = p.in_offset + (p.heads + kv_head) * p.head_dim;
  let values = keys + p.kv_heads * p.head_dim;
  let y = p.out_offset + token * p.out_stride + head * p.head_dim;

  for (var c = lane; c < p.head_dim; c += kBlock) {
    out[y + c] = 0.0;
  }
  var highest = 0.0;
  var total = 0.0;
  for (var block = begin; block < end; block += kBlock) {
    let count = min(kBlock, end - block);
    if (lane < count) {
      scores[lane] = score(query, keys + (block + lane) * p.in_stride);
    }
    workgroupBarrier();
    var higher = select(highest, scores[0], block == begin);
    for (var j = 0u; j < count; j++) {
      higher = max(higher, scores[j]);
    }
    if (lane < count) {
      weights[lane] = exp(scores[lane] - higher);
    }
    let keep = select(exp(highest - higher), 0.0, block == begin);
    highest = higher;
    workgroupBarrier();
    total *= keep;
    for (var j = 0u; j < count; j++) {
      total += weights[j];
    }
    for (var c = lane; c < p.head_dim; c += kBlock) {
      var sum = out[y + c] * keep;
      for (var j = 0u; j < count; j++) {
        sum += weights[j] * load(values + (block + j) * p.in_stride + c);
      }
      out[y + c] = sum;
    }
  }
  for (var c = lane; c < p.head_dim; c += kBlock) {
    out[y + c] /= total;
  }
}
