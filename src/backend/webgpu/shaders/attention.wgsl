// softmax(scale·q·kᵀ)·v, an invocation a token and head. Streaming softmax (Milakov & Gimelshein, arXiv 1805.02867):
// the row of `out` is the accumulator, so that heads of any size work and nothing of length × length exists.

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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < p.tokens * p.heads; i += groups.x * 64u) {
    let token = i / p.heads;
    let head = i % p.heads;
    let sequence = batch[p.sequences + token];
    let begin = batch[p.cu_seqlens + sequence];
    let end = batch[p.cu_seqlens + sequence + 1u];
    let kv_head = head / (p.heads / p.kv_heads);
    let query = p.in_offset + token * p.in_stride + head * p.head_dim;
    let first_key = p.in_offset + (p.heads + kv_head) * p.head_dim;
    let key_to_value = p.kv_heads * p.head_dim;
    let y = p.out_offset + token * p.out_stride + head * p.head_dim;

    // The first key's weight is exp(0): the rest is relative to it.
    let first_row = first_key + begin * p.in_stride;
    var highest = score(query, first_row);
    var total = 1.0;
    for (var c = 0u; c < p.head_dim; c++) {
      out[y + c] = load(first_row + key_to_value + c);
    }
    for (var j = begin + 1u; j < end; j++) {
      let key = first_key + j * p.in_stride;
      let s = score(query, key);
      let higher = max(highest, s);
      let keep = exp(highest - higher);
      let weight = exp(s - higher);
      highest = higher;
      total = total * keep + weight;
      for (var c = 0u; c < p.head_dim; c++) {
        out[y + c] = out[y + c] * keep + weight * load(key + key_to_value + c);
      }
    }
    for (var c = 0u; c < p.head_dim; c++) {
      out[y + c] = out[y + c] / total;
    }
  }
}
