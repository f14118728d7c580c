// CpuStream::finish(): who does what of the recorded ops.

#include <algorithm>

#include "backend/cpu/cpu_stream.h"
#include "backend/cpu/execute.h"
#include "base/thread_pool.h"

namespace fletcher::cpu {
namespace {

// About what waking the other threads costs (20-50 µs of one core).
constexpr double kWorthWaking = 4e6;
// By chunks unless threads would wait longer than this share: going op by op costs about as much in barriers and in
// activations that change caches.
constexpr double kMostImbalance = 1.1;
// Rows for which a product is efficient whatever its other sizes: weights are read from the third-level cache once for
// all of them.
constexpr size_t kEfficientRows = 96;
// Queries that are worth packing the keys of a sequence once more.
constexpr size_t kEfficientQueries = 4 * kQueryBlock;

/// Piece i of `pieces` nearly equal ones of n.
constexpr size_t piece_begin(size_t n, size_t pieces, size_t i) { return n * i / pieces; }

bool same_view(const TensorView& a, const TensorView& b) {
  return a.buffer == b.buffer && a.offset == b.offset && a.rows == b.rows && a.cols == b.cols &&
         a.row_stride == b.row_stride;
}

bool by_sequence(const Op& op) { return op.kind == OpKind::attention || op.kind == OpKind::pool; }

}  // namespace

template <typename Task>
void CpuStream::parallel(double flops, size_t count, const Task& task) {
  if (threads_ == 1 || flops < kWorthWaking) {
    for (size_t i = 0; i < count; ++i) task(i, size_t{0});
  } else {
    pool_->parallel_for(count, task);
  }
}

CpuStream::Rows CpuStream::rows_of(const TensorView& view) const {
  if (view.rows == batch_->num_tokens()) return Rows::tokens;  // if there are as many sequences, their rows agree
  return view.rows == batch_->num_sequences() ? Rows::sequences : Rows::other;
}

void CpuStream::note_layout(const TensorView& view) {
  if (!view || view.rows == 0 || view.cols == 0) return;
  const Layout layout{view.buffer, rows_of(view), view.row_stride, view.offset / view.row_stride};
  if (std::ranges::find(layouts_, layout) == layouts_.end()) layouts_.push_back(layout);
}

Result<void> CpuStream::make_plan() {
  cost_ = {};
  layouts_.clear();
  size_t longest = 0, scratch = 0, staged = 0;
  for (size_t s = 0; s < batch_->num_sequences(); ++s) {
    longest = std::max(longest, static_cast<size_t>(batch_->cu_seqlens[s + 1] - batch_->cu_seqlens[s]));
  }
  find_pairs();
  for (std::vector<Op>& ops : chunk_ops_) ops.reserve(ops_.size());  // any thread may get the next chunk
  for (const Op& op : ops_) {
    for (const TensorView* view : {&op.in, &op.out, &op.sum, &op.epilogue.residual}) note_layout(*view);
    if (op.kind == OpKind::attention) {
      cost_.per_pair += flops_per_pair(op);
      scratch = std::max(scratch, attention_scratch(longest, op.attention.head_dim));
      continue;
    }
    if (op.linear != nullptr) {
      scratch = std::max(scratch, staging_scratch(op, kRowBlock));
      // Few rows are all staged by the calling thread (run_op_product): it keeps room for the most that count as few,
      // so that a smaller batch never needs more than a larger one.
      staged = std::max(staged, staging_scratch(op, std::min(op.rows(), threads_ * kEfficientRows)));
      if (op.feeds_next) scratch = std::max(scratch, pair_scratch(op, *(&op + 1)));
    }
    if (rows_of(op.in ? op.in : op.out) == Rows::tokens) {
      cost_.per_token += flops_per_row(op);
    }
  }
  for (size_t thread = 0; thread < threads_; ++thread) {
    const size_t wanted = thread == 0 ? std::max(scratch, staged) : scratch;
    if (scratch_[thread].size() >= wanted) continue;
    auto larger = AlignedBuffer<float>::allocate(wanted);
    if (!larger) return resource_exhausted("no memory for " + std::to_string(wanted) + " floats of scratch");
    scratch_[thread] = std::move(*larger);
  }
  const double latest = plan_chunks(batch_->cu_seqlens, cost_, threads_, chunks_, loads_);
  double total = 0;
  for (const Chunk& chunk : chunks_) total += chunk.cost;
  // A chunk owns its rows of every buffer only if all views of a buffer agree on where the rows are.
  bool owns_rows = true;
  for (const Layout& layout : layouts_) {
    owns_rows =
        owns_rows && layout.rows != Rows::other && std::ranges::count(layouts_, layout.buffer, &Layout::buffer) == 1;
  }
  by_chunk_ = schedule_ != Schedule::by_op && owns_rows &&
              (schedule_ == Schedule::by_chunk || threads_ == 1 || total < kWorthWaking ||
               latest * static_cast<double>(threads_) <= kMostImbalance * total);
  slot_rows_ = 0;
  if (!by_chunk_ || !can_share_rows()) return {};
  for (const Chunk& chunk : chunks_) {
    const int32_t tokens = batch_->cu_seqlens[chunk.last] - batch_->cu_seqlens[chunk.first];
    slot_rows_ = std::max(slot_rows_, static_cast<size_t>(tokens));
  }
  if (slot_rows_ * threads_ > batch_->num_tokens()) slot_rows_ = 0;
  return {};
}

/// Marks the products whose result only the next op reads, as a product in lower precision.
void CpuStream::find_pairs() {
  const auto reads = [](const Op& op, const Buffer* buffer) {
    return op.in.buffer == buffer || op.epilogue.residual.buffer == buffer;
  };
  for (size_t i = 0; i + 1 < ops_.size(); ++i) {
    Op& op = ops_[i];
    const Op& next = ops_[i + 1];
    const TensorView &out = op.out, &in = next.in;
    const bool adjacent = op.kind == OpKind::linear && next.linear != nullptr && same_view(in, out);
    if (!adjacent || op.epilogue.residual || next.epilogue.residual.buffer == out.buffer ||
        !can_pair(kernels_, *next.linear)) {
      continue;
    }
    // Whoever reads the buffer later must come after one who writes all of it anew.
    op.feeds_next = true;
    for (size_t j = i + 2; j < ops_.size() && op.feeds_next; ++j) {
      if (reads(ops_[j], out.buffer)) op.feeds_next = false;
      if (ops_[j].kind == OpKind::linear && same_view(ops_[j].out, out)) break;
    }
  }
}

/// True if nothing is read that this batch has not written: then rows need not outlive their chunk.
bool CpuStream::can_share_rows() const {
  const auto written_before = [&](const TensorView& view, size_t op) {
    return !view || std::any_of(ops_.begin(), ops_.begin() + static_cast<ptrdiff_t>(op), [&](const Op& earlier) {
      return earlier.out.buffer == view.buffer || earlier.sum.buffer == view.buffer;
    });
  };
  for (size_t i = 0; i < ops_.size(); ++i) {
    const TensorView& in = ops_[i].kind == OpKind::l2_normalize ? ops_[i].out : ops_[i].in;
    if (!written_before(in, i) || !written_before(ops_[i].epilogue.residual, i)) return false;
  }
  return true;
}

/// The first op from `i` on that does not go by rows of tokens.
size_t CpuStream::end_of_row_ops(size_t i) const {
  while (i < ops_.size() && !by_sequence(ops_[i]) && rows_of(ops_[i].in ? ops_[i].in : ops_[i].out) == Rows::tokens)
    ++i;
  return i;
}

/// Ops [begin, end) go by rows of tokens: all of them on some rows, then on the next, so that what one leaves is still
/// in the second-level cache when another takes it.
void CpuStream::run_row_ops(std::span<const Op> ops, size_t first, size_t last, float* scratch) {
  const size_t tiles = (last - first + kTileRows - 1) / kTileRows;
  const size_t blocks = (tiles * kTileRows + kRowBlock - 1) / kRowBlock;
  const size_t step = (tiles + blocks - 1) / blocks * kTileRows;
  for (size_t r = first; r < last; r += step) {
    const size_t end = std::min(r + step, last);
    for (size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].feeds_next && i + 1 < ops.size()) {
        run_pair(kernels_, ops[i], ops[i + 1], r, end, scratch);
        ++i;
      } else {
        run_rows(kernels_, *batch_, ops[i], r, end, scratch);
      }
    }
  }
}

void CpuStream::run_chunk(const Chunk& chunk, size_t thread) {
  const auto token = static_cast<size_t>(batch_->cu_seqlens[chunk.first]);
  const auto token_end = static_cast<size_t>(batch_->cu_seqlens[chunk.last]);
  // The same rows for every chunk of a thread stay in its cache, where those of all tokens would pass through memory.
  // Rows are still numbered by token: views move instead, to below their buffer if need be.
  const size_t distance = slot_rows_ == 0 ? 0 : thread * slot_rows_ - token;
  std::vector<Op>& ops = chunk_ops_[thread];
  ops = ops_;
  for (Op& op : ops) {
    for (TensorView* view : {&op.in, &op.out, &op.sum, &op.epilogue.residual}) {
      if (*view && rows_of(*view) == Rows::tokens) view->offset += distance * view->row_stride;
    }
  }
  float* scratch = scratch_[thread].data();
  for (size_t i = 0; i < ops.size();) {
    if (const size_t end = end_of_row_ops(i); end > i) {
      run_row_ops(std::span(ops).subspan(i, end - i), token, token_end, scratch);
      i = end;
      continue;
    }
    const Op& op = ops[i++];
    if (!by_sequence(op)) {
      run_rows(kernels_, *batch_, op, chunk.first, chunk.last, scratch);
      continue;
    }
    for (size_t s = chunk.first; s < chunk.last; ++s) {
      if (op.kind == OpKind::pool) {
        run_pool(kernels_, *batch_, op, s);
        continue;
      }
      const auto length = static_cast<size_t>(batch_->cu_seqlens[s + 1] - batch_->cu_seqlens[s]);
      for (size_t head = 0; head < op.attention.num_key_value_heads; ++head) {
        run_attention(kernels_, *batch_, op, {s, head, 0, length}, scratch);
      }
    }
  }
}

void CpuStream::run_op_product(const Op& op) {
  const size_t rows = op.rows(), panels = num_panels(kernels_, op);
  const double flops = flops_per_row(op) * static_cast<double>(rows);
  if (rows >= threads_ * kEfficientRows) {
    const size_t rounds = (rows + threads_ * kChunkTokens - 1) / (threads_ * kChunkTokens);
    const size_t parts = threads_ * std::max<size_t>(2, rounds);
    parallel(flops, parts, [&](size_t i, size_t thread) {
      run_rows(kernels_, *batch_, op, piece_begin(rows, parts, i), piece_begin(rows, parts, i + 1),
               scratch_[thread].data());
    });
    return;
  }
  const size_t groups = std::min(panels, 4 * threads_);
  const size_t parts = std::clamp<size_t>(2 * threads_ / groups, 1, std::max<size_t>(1, rows / kTileRows));
  const StagedRows staged = stage_rows(kernels_, op, 0, rows, scratch_[0].data());
  parallel(flops, groups * parts, [&](size_t i, size_t) {
    const size_t group = i / parts, part = i % parts, first = piece_begin(rows, parts, part);
    run_product(kernels_, op, staged.from(first, op.linear->groups), first, piece_begin(rows, parts, part + 1),
                piece_begin(panels, groups, group), piece_begin(panels, groups, group + 1));
  });
  if (op.kind == OpKind::linear_norm) run_norm_of_sum(kernels_, op, 0, rows);
}

void CpuStream::run_op_attention(const Op& op) {
  const size_t sequences = batch_->num_sequences(), heads = op.attention.num_key_value_heads;
  double flops = 0;
  for (const Chunk& chunk : chunks_) {
    for (size_t s = chunk.first; s < chunk.last; ++s) {
      const double length = batch_->cu_seqlens[s + 1] - batch_->cu_seqlens[s];
      flops += flops_per_pair(op) * length * length;
    }
  }
  // Few heads for many threads: heads are divided by queries, into as many parts everywhere.
  const size_t wanted = (4 * threads_ + sequences * heads - 1) / (sequences * heads);
  parallel(flops, sequences * heads * wanted, [&](size_t i, size_t thread) {
    const size_t part = i % wanted, head = i / wanted % heads, s = i / wanted / heads;
    const auto length = static_cast<size_t>(batch_->cu_seqlens[s + 1] - batch_->cu_seqlens[s]);
    const size_t parts = std::clamp<size_t>(length / kEfficientQueries, 1, wanted);
    if (part >= parts) return;
    run_attention(kernels_, *batch_, op,
                  {s, head, piece_begin(length, parts, part), piece_begin(length, parts, part + 1)},
                  scratch_[thread].data());
  });
}

void CpuStream::run_op(const Op& op) {
  if (op.kind == OpKind::attention) return run_op_attention(op);
  if (op.kind == OpKind::linear || op.kind == OpKind::linear_norm) return run_op_product(op);
  if (op.kind == OpKind::pool) {
    parallel(flops_per_row(op) * static_cast<double>(op.in.rows), batch_->num_sequences(),
             [&](size_t s, size_t) { run_pool(kernels_, *batch_, op, s); });
    return;
  }
  const size_t rows = op.rows(), parts = std::min(rows, 4 * threads_);
  parallel(flops_per_row(op) * static_cast<double>(rows), parts, [&](size_t i, size_t thread) {
    run_rows(kernels_, *batch_, op, piece_begin(rows, parts, i), piece_begin(rows, parts, i + 1),
             scratch_[thread].data());
  });
}

Result<void> CpuStream::finish() {
  Result<void> status = contract_.status();
  if (status && batch_->num_sequences() > 0) status = make_plan();
  if (status && batch_->num_sequences() > 0) {
    if (by_chunk_) {
      double total = 0;
      for (const Chunk& chunk : chunks_) total += chunk.cost;
      parallel(total, chunks_.size(), [&](size_t i, size_t thread) { run_chunk(chunks_[i], thread); });
    } else {
      for (const Op& op : ops_) run_op(op);
    }
  }
  ops_.clear();
  return status;
}

}  // namespace fletcher::cpu
