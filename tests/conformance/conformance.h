// The same ops on the reference and on every other backend, instruction set and way to divide work of this machine.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/cpu_backend.h"
#include "backend/stream.h"
#include "base/thread_pool.h"

namespace fletcher::conformance {

/// A backend under test and what it stands on.
struct Target {
  std::string label;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Backend> backend;
};

/// Every instruction set × schedule of the CPU backend, on two threads; then the other devices of build and machine.
const std::vector<Target>& targets();
/// The CPU backend on one instruction set ("" for the best).
Target make_cpu(const std::string& isa, size_t threads, cpu::Schedule schedule);
/// Instruction sets of this machine, slowest first.
std::vector<std::string> instruction_sets();
Backend& reference();

/// Host values [rows, cols]. Stored as f32, or narrowed to f16 or bf16 by to_bytes.
struct Matrix {
  size_t rows = 0;
  size_t cols = 0;
  std::vector<float> values;
};
/// Uniform in [-range, range], plus `offset`. Same seed, same values.
Matrix random_matrix(uint32_t seed, size_t rows, size_t cols, float range = 1, float offset = 0);
/// The values as a file might hold them, at an address that is aligned to nothing. bf16 truncates; f16 keeps values
/// between 2^-14 and 65504 to 11 bits and flushes smaller ones.
class Stored {
 public:
  Stored(const Matrix& matrix, DType dtype);
  HostMatrix host() const { return {std::span(bytes_).subspan(1), dtype_, rows_, cols_}; }

 private:
  std::vector<std::byte> bytes_;
  DType dtype_;
  size_t rows_;
  size_t cols_;
};

/// A batch whose token i has id i, so that embed() of a table puts any values into a view.
Batch numbered_batch(const std::vector<size_t>& lengths);

/// One batch on one backend: inputs go in by embed, results come out by read.
class Session {
 public:
  Session(Backend& backend, const Batch& batch);

  Backend& backend() { return backend_; }
  Stream& stream() { return *stream_; }
  /// A new view [rows, cols] of zeroed values; row_stride is larger than cols by `gap`.
  TensorView view(size_t rows, size_t cols, size_t gap = 0);
  /// A new view with a row of `values` for each token of the batch.
  TensorView input(const Matrix& values, size_t gap = 0);
  const Linear& linear(const Matrix& weight, const Matrix& bias, DType dtype = DType::f32);
  /// In the backend's form of `precision` if it is a CPU; the reference computes everything in f64.
  const Linear& linear(const Matrix& weight, const Matrix& bias, Precision precision, const Matrix& center = {},
                       const Matrix& scale = {});
  const Norm& norm(const Matrix& gamma, const Matrix& beta, float eps = 1e-12f);
  /// The values of `view` when all is done; ends the session.
  std::vector<float> finish(TensorView view);

 private:
  Backend& backend_;
  const Batch& batch_;
  std::unique_ptr<Stream> stream_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::vector<std::unique_ptr<Stored>> stored_;
  std::vector<std::unique_ptr<EmbeddingTable>> tables_;
  std::vector<std::unique_ptr<Linear>> linears_;
  std::vector<std::unique_ptr<Norm>> norms_;
};

/// Largest |difference|; infinite if sizes differ or a value is not finite.
double max_difference(const std::vector<float>& seen, const std::vector<float>& wanted);

/// `program(Session&)` returns the view to compare; it runs on the reference and on every target.
template <typename Program>
void expect_conforms(const Batch& batch, double tolerance, const Program& program) {
  Session wanted_session(reference(), batch);
  const std::vector<float> wanted = wanted_session.finish(program(wanted_session));
  for (const Target& target : targets()) {
    Session session(*target.backend, batch);
    const std::vector<float> seen = session.finish(program(session));
    EXPECT_LE(max_difference(seen, wanted), tolerance) << target.label;
  }
}

}  // namespace fletcher::conformance
