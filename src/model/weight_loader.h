// Takes tensors by name out of a weight file, checks their shapes against the configuration, prepares them.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "base/result.h"
#include "model/input_statistics.h"
#include "weights/tensor_file.h"

namespace fletcher {

/// Lives during load only. Errors name the tensor, its shape and the shape that the configuration asks for.
/// The bytes of packed tensors are released from memory as it goes; those of tables stay mapped.
class WeightLoader {
 public:
  /// `prefixes` are tried in order before a name; the first under which `probe` exists is used for all.
  WeightLoader(const TensorFile& file, Backend& backend, Precision precision,
               std::initializer_list<std::string_view> prefixes = {""}, std::string_view probe = "");

  /// The product whose weights are NAME.weight, each [out_features, in_features], stacked; NAME.bias beside them.
  Result<std::unique_ptr<Linear>> linear(const std::vector<std::string>& names, size_t in_features, size_t out_features,
                                         bool bias = true);
  /// NAME.weight and NAME.bias, or the older spellings NAME.gamma and NAME.beta.
  Result<std::unique_ptr<Norm>> norm(const std::string& name, size_t features, float eps);
  /// NAME.weight.
  Result<std::unique_ptr<EmbeddingTable>> embedding(const std::string& name, size_t rows, size_t features);

  /// For int8: the statistics of the n-th product that linear() will be asked for.
  void smooth_inputs(std::vector<InputStatistics> statistics) { statistics_ = std::move(statistics); }
  /// The products that linear() made, in order.
  const std::vector<const Linear*>& linears() const { return linears_; }
  /// Elements of all tensors taken so far.
  uint64_t parameters() const { return parameters_; }
  /// Bytes of all that was prepared.
  uint64_t prepared_bytes() const { return prepared_bytes_; }
  /// Weights of linear layers taken so far; twice that is the operations of a token.
  uint64_t linear_weights() const { return linear_weights_; }
  /// The dtype of the last linear's weight, as stored.
  DType stored_dtype() const { return stored_dtype_; }

 private:
  Result<HostMatrix> matrix(const std::string& name, size_t rows, size_t cols);
  Result<HostMatrix> vector(const std::string& name, size_t size);
  bool contains(const std::string& name) const { return file_.find(prefix_ + name) != nullptr; }
  void release(const std::string& name) const;

  const TensorFile& file_;
  Backend& backend_;
  Precision precision_;
  std::string prefix_;
  uint64_t parameters_ = 0;
  uint64_t prepared_bytes_ = 0;
  uint64_t linear_weights_ = 0;
  DType stored_dtype_ = DType::f32;
  std::vector<InputStatistics> statistics_;
  std::vector<const Linear*> linears_;
};

}  // namespace fletcher
