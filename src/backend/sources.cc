// What every backend asks of the weights it is given.

#include "backend/backend.h"

namespace fletcher {

Result<void> validate(const HostMatrix& source) {
  if (source.dtype != DType::f32 && source.dtype != DType::f16 && source.dtype != DType::bf16) {
    return unimplemented("dtype " + std::string(dtype_name(source.dtype)) + ", wanted F32, F16 or BF16");
  }
  const size_t wanted = source.rows * source.cols * dtype_size(source.dtype);
  if (wanted == 0 || source.data.size() != wanted) {
    return invalid_argument(std::to_string(source.data.size()) + " bytes for a matrix of " +
                            std::to_string(source.rows) + " x " + std::to_string(source.cols) + " " +
                            std::string(dtype_name(source.dtype)));
  }
  return {};
}

Result<void> validate(const LinearSource& source) {
  if (source.weights.empty()) return invalid_argument("a product without weights");
  if (!source.biases.empty() && source.biases.size() != source.weights.size()) {
    return invalid_argument(std::to_string(source.biases.size()) + " biases for " +
                            std::to_string(source.weights.size()) + " weights");
  }
  for (const HostMatrix& weight : source.weights) {
    FLETCHER_TRY(validate(weight));
    if (weight.cols != source.weights[0].cols) return invalid_argument("stacked weights of different in_features");
  }
  for (const std::span<const float> smoothing : {source.input_center, source.input_scale}) {
    if (!smoothing.empty() && smoothing.size() != source.weights[0].cols) {
      return invalid_argument("smoothing of " + std::to_string(smoothing.size()) + " values for " +
                              std::to_string(source.weights[0].cols) + " in_features");
    }
  }
  if (source.input_center.empty() != source.input_scale.empty()) {
    return invalid_argument("a smoothing needs a center and a scale");
  }
  for (size_t i = 0; i < source.biases.size(); ++i) {
    FLETCHER_TRY(validate(source.biases[i]));
    if (source.biases[i].rows != 1 || source.biases[i].cols != source.weights[i].rows) {
      return invalid_argument("a bias of " + std::to_string(source.biases[i].cols) + " values for " +
                              std::to_string(source.weights[i].rows) + " out_features");
    }
  }
  return {};
}

Result<void> validate(const NormSource& source) {
  FLETCHER_TRY(validate(source.gamma));
  if (source.gamma.rows != 1) return invalid_argument("a norm's gamma must be one row");
  if (source.beta.data.empty()) return {};
  FLETCHER_TRY(validate(source.beta));
  if (source.beta.rows != 1 || source.beta.cols != source.gamma.cols) {
    return invalid_argument("a norm's beta of " + std::to_string(source.beta.cols) + " values beside a gamma of " +
                            std::to_string(source.gamma.cols));
  }
  return {};
}

}  // namespace fletcher
