// BERT (Devlin et al., arXiv 1810.04805) as transformers' modeling_bert.py lays it out.
#pragma once

#include "base/json.h"
#include "model/encoder_weights.h"
#include "model/model_config.h"
#include "model/weight_loader.h"

namespace fletcher {

/// INVALID_ARGUMENT naming a field; UNIMPLEMENTED for variants whose result would be wrong here.
Result<ModelConfig> parse_bert(const Json& config);
/// The prefixes under which BERT's tensors are published, and a tensor that all have.
WeightLoader bert_loader(const TensorFile& file, Backend& backend, Precision precision);
Result<EncoderWeights> load_bert(WeightLoader& loader, const ModelConfig& config);
/// Pooler and classifier of BertForSequenceClassification.
Result<ClassifierWeights> load_bert_classifier(WeightLoader& encoder, WeightLoader& head, const ModelConfig& config);

}  // namespace fletcher
