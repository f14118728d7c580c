#include "model/weight_loader.h"

#include "model/smoothing.h"

namespace fletcher {
namespace {

std::string shape_text(const std::vector<uint64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

tl::unexpected<Error> wrong_shape(const std::string& name, const TensorInfo& tensor, std::vector<uint64_t> wanted) {
  return invalid_argument("tensor " + name + ": shape " + shape_text(tensor.shape) + ", but config.json asks for " +
                          shape_text(wanted));
}

}  // namespace

WeightLoader::WeightLoader(const TensorFile& file, Backend& backend, Precision precision,
                           std::initializer_list<std::string_view> prefixes, std::string_view probe)
    : file_(file), backend_(backend), precision_(precision) {
  for (const std::string_view prefix : prefixes) {
    prefix_ = prefix;
    if (contains(std::string(probe))) return;
  }
  if (prefixes.size() > 0) prefix_ = *prefixes.begin();
}

Result<HostMatrix> WeightLoader::matrix(const std::string& name, size_t rows, size_t cols) {
  const TensorInfo* tensor = file_.find(prefix_ + name);
  if (tensor == nullptr) return not_found("no tensor " + prefix_ + name + " among the weights");
  if (tensor->shape.size() != 2 || tensor->shape[0] != rows || tensor->shape[1] != cols) {
    return wrong_shape(prefix_ + name, *tensor, {rows, cols});
  }
  parameters_ += rows * cols;
  return HostMatrix{tensor->data, tensor->dtype, rows, cols};
}

Result<HostMatrix> WeightLoader::vector(const std::string& name, size_t size) {
  const TensorInfo* tensor = file_.find(prefix_ + name);
  if (tensor == nullptr) return not_found("no tensor " + prefix_ + name + " among the weights");
  if (tensor->shape.size() != 1 || tensor->shape[0] != size) return wrong_shape(prefix_ + name, *tensor, {size});
  parameters_ += size;
  return HostMatrix{tensor->data, tensor->dtype, 1, size};
}

void WeightLoader::release(const std::string& name) const {
  if (const TensorInfo* tensor = file_.find(prefix_ + name)) file_.release(*tensor);
}

Result<std::unique_ptr<Linear>> WeightLoader::linear(const std::vector<std::string>& names, size_t in_features,
                                                     size_t out_features, bool bias) {
  std::vector<HostMatrix> weights, biases;
  for (const std::string& name : names) {
    FLETCHER_TRY_ASSIGN(const HostMatrix weight, matrix(name + ".weight", out_features, in_features));
    weights.push_back(weight);
    if (!bias) continue;
    FLETCHER_TRY_ASSIGN(const HostMatrix b, vector(name + ".bias", out_features));
    biases.push_back(b);
  }
  Smoothing smoothing;
  if (linears_.size() < statistics_.size()) smoothing = make_smoothing(statistics_[linears_.size()], weights);
  auto prepared = backend_.prepare_linear({.weights = weights,
                                           .biases = biases,
                                           .precision = precision_,
                                           .input_center = smoothing.center,
                                           .input_scale = smoothing.scale});
  if (!prepared) return with_context(std::move(prepared).error(), "tensor " + prefix_ + names[0]);
  for (const std::string& name : names) release(name + ".weight");
  linear_weights_ += names.size() * in_features * out_features;
  prepared_bytes_ += (*prepared)->size_bytes();
  stored_dtype_ = weights[0].dtype;
  linears_.push_back(prepared->get());
  return prepared;
}

Result<std::unique_ptr<Norm>> WeightLoader::norm(const std::string& name, size_t features, float eps) {
  const bool old_names = !contains(name + ".weight") && contains(name + ".gamma");
  NormSource source{.eps = eps};
  FLETCHER_TRY_ASSIGN(source.gamma, vector(name + (old_names ? ".gamma" : ".weight"), features));
  FLETCHER_TRY_ASSIGN(source.beta, vector(name + (old_names ? ".beta" : ".bias"), features));
  auto prepared = backend_.prepare_norm(source);
  if (!prepared) return with_context(std::move(prepared).error(), "tensor " + prefix_ + name);
  return prepared;
}

Result<std::unique_ptr<EmbeddingTable>> WeightLoader::embedding(const std::string& name, size_t rows, size_t features) {
  FLETCHER_TRY_ASSIGN(const HostMatrix table, matrix(name + ".weight", rows, features));
  auto prepared = backend_.prepare_embedding(table);
  if (!prepared) return with_context(std::move(prepared).error(), "tensor " + prefix_ + name);
  prepared_bytes_ += (*prepared)->size_bytes();
  return prepared;
}

}  // namespace fletcher
