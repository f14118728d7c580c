// What every op asks of its arguments (stream.h), checked in one place for backends that record ops.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "backend/stream.h"

namespace fletcher {

/// Checks the arguments of ops and keeps the first failure of a batch. Each check returns whether the op may be
/// recorded: its arguments are right and so were all before. Views must be f32. Not thread-safe.
class Contract {
 public:
  /// `backend` opens the messages; it must outlive the object.
  explicit Contract(std::string_view backend);

  /// Starts a batch, which must live until the last check; forgets the failure of the one before.
  void begin(const Batch& batch);
  bool embed(const EmbeddingSpec& spec, TensorView out);
  bool linear(TensorView in, const Linear& w, const Epilogue& e, TensorView out);
  bool norm(TensorView in, const Norm& n, TensorView out);
  bool linear_norm(TensorView in, const Linear& w, const Epilogue& e, const Norm& n, TensorView sum, TensorView out);
  bool attention(TensorView qkv, const AttentionSpec& spec, TensorView out);
  bool pool(TensorView in, TensorView out);
  bool l2_normalize(TensorView rows);
  bool read(TensorView in, std::span<float> out);

  /// Notes a failure of the backend's own, unless one came before.
  void fail(Error error);
  /// INVALID_ARGUMENT, naming the op and what it wanted; FAILED_PRECONDITION before the first begin(); or what fail()
  /// was given.
  const Result<void>& status() const { return status_; }

 private:
  void require(bool holds, const char* op, const char* wanted);
  void require_views(std::initializer_list<TensorView> views, const char* op);
  bool has_row_per_token(TensorView view) const;

  std::string_view backend_;
  const Batch* batch_ = nullptr;
  Result<void> status_;
};

}  // namespace fletcher
