// The models Fletcher knows: one line each.
#pragma once

#include <span>
#include <string_view>

#include "base/json.h"
#include "model/encoder_weights.h"
#include "model/model_config.h"
#include "model/weight_loader.h"

namespace fletcher {

struct ModelEntry {
  std::string_view architecture;  // as in config.json's `architectures`
  bool classifier;
  Result<ModelConfig> (*parse)(const Json& config);
  WeightLoader (*loader)(const TensorFile&, Backend&, Precision);
  Result<EncoderWeights> (*load_encoder)(WeightLoader&, const ModelConfig&);
  Result<ClassifierWeights> (*load_classifier)(WeightLoader& encoder, WeightLoader& head, const ModelConfig&);
};

/// The entry for a config.json. UNIMPLEMENTED naming the architecture and the ones that are known.
Result<const ModelEntry*> find_model(const Json& config);

}  // namespace fletcher
