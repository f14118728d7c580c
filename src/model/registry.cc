#include "model/registry.h"

#include <array>

#include "model/bert.h"

namespace fletcher {
namespace {

// BertForMaskedLM and BertForPreTraining: embedding models are often published under the class they were trained as.
constexpr std::array kModels = {
    ModelEntry{"BertModel", false, parse_bert, bert_loader, load_bert, nullptr},
    ModelEntry{"BertForMaskedLM", false, parse_bert, bert_loader, load_bert, nullptr},
    ModelEntry{"BertForPreTraining", false, parse_bert, bert_loader, load_bert, nullptr},
    ModelEntry{"BertForSequenceClassification", true, parse_bert, bert_loader, load_bert, load_bert_classifier},
};

}  // namespace

Result<const ModelEntry*> find_model(const Json& config) {
  std::string name;
  if (const Json::Array* architectures = config["architectures"].as_array();
      architectures != nullptr && !architectures->empty() && (*architectures)[0].as_string() != nullptr) {
    name = *(*architectures)[0].as_string();
  } else if (config["model_type"].as_string() != nullptr && *config["model_type"].as_string() == "bert") {
    name = "BertModel";
  } else {
    return invalid_argument("\"architectures\": " + config["architectures"].describe() +
                            ", wanted an array with the name of the model's class");
  }
  std::string known;
  for (const ModelEntry& entry : kModels) {
    if (entry.architecture == name) return &entry;
    known += (known.empty() ? "" : ", ") + std::string(entry.architecture);
  }
  return unimplemented("\"architectures\": \"" + name + "\" is not supported, wanted one of " + known);
}

}  // namespace fletcher
