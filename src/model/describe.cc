#include "aacft/model/describe.h"

#include <torch/version.h>

#include <map>

#include "aacft/base/utf8.h"
#include "aacft/formats/checkpoint.h"
#include "aacft/formats/gguf.h"
#include "aacft/model/adapter.h"
#include "aacft/model/family.h"
#include "aacft/model/gguf_model.h"
#include "aacft/model/model_tensors.h"
#include "aacft/model/packed_model.h"

namespace aacft {

using nlohmann::json;

namespace {

// All that the file says of itself, long texts cut.
json describe_keys(const GgufMetadata& metadata) {
  json keys = json::object();
  for (const GgufValue& value : metadata.values()) {
    constexpr std::size_t kMost = 200;
    std::string text = lossy_utf8(gguf_value_text(value));
    if (text.size() > kMost) text = lossy_utf8(text.substr(0, kMost)) + "...";
    keys[std::string(value.key)] = text;
  }
  return keys;
}

// How the weights lie in their files.
struct Weights {
  std::string layout;
  std::uint64_t bytes = 0;
  std::map<std::string, std::size_t> types;  // how many tensors are of each

  void add(const TensorView& tensor) { bytes += tensor.bytes.size(), ++types[std::string(dtype_name(tensor.dtype))]; }
};

Weights packed_weights_in(const std::filesystem::path& folder) {
  const PackedModelFile file(folder);
  Weights weights{"packed as " + std::string(weight_type_name(file.weights())), {}, {}};
  for (const TensorView& tensor : file.tensors()) weights.add(tensor);
  return weights;
}

// The configuration that is right for them, too.
Weights weights_in(const std::filesystem::path& folder, ModelConfig& c, const Warn& warn) {
  const Checkpoint checkpoint = open_checkpoint(folder, c);
  c = check_checkpoint(checkpoint, c, warn);
  Weights weights{checkpoint.layout(), {}, {}};
  for (const ModelTensor& expected : tensors_of(c)) weights.add(*find_weight(checkpoint, c, expected.name));
  return weights;
}

}  // namespace

json describe_checkpoint(const std::filesystem::path& folder, const Warn& warn) {
  ModelConfig c = read_model_config(folder);
  const Weights weights = PackedModelFile::is_in(folder) ? packed_weights_in(folder) : weights_in(folder, c, warn);
  json description = {{"kind", "checkpoint"},
                      {"model_type", c.model_type},
                      {"folder", folder.string()},
                      {"layout", weights.layout},
                      {"parameters", c.num_parameters()},
                      {"weight_bytes", weights.bytes},
                      {"tensors_by_type", weights.types},
                      {"layers", c.num_layers},
                      {"hidden_size", c.hidden_size},
                      {"intermediate_size", c.intermediate_size},
                      {"heads", c.num_heads},
                      {"kv_heads", c.kv_heads()},
                      {"head_dim", c.head_dim()},
                      {"vocab_size", c.vocab_size},
                      {"context", c.context()},
                      {"rotary_pct", c.rotary_pct},
                      {"rotary_base", c.rotary_base},
                      {"residual", c.parallel_residual ? "parallel" : "sequential"},
                      {"attention_bias", c.qkv_bias},
                      {"tied_embeddings", c.tied_embeddings},
                      {"eos_token_id", eos_token_json(c)}};
  if (is_gguf(folder)) description["keys"] = describe_keys(GgufFile(folder).metadata());
  return description;
}

json describe_adapter(const std::filesystem::path& folder, const Warn& warn) {
  const Adapter adapter = Adapter::load(folder, warn);
  const LoraConfig& c = adapter.config();
  return {{"kind", "adapter"},
          {"folder", folder.string()},
          {"rank", c.rank},
          {"alpha", c.alpha},
          {"dropout", c.dropout},
          {"variant", c.dora     ? (c.rslora ? "DoRA, rsLoRA" : "DoRA")
                      : c.rslora ? "rsLoRA"
                                 : "LoRA"},
          {"target_modules", c.target_pattern.empty() ? json(c.target_modules) : json(c.target_pattern)},
          {"adapted_modules", adapter.modules().size()},
          {"parameters", adapter.num_parameters()},
          {"bytes_fp32", 4 * adapter.num_parameters()},
          {"base_model", c.base_model}};
}

std::string libtorch_version() { return TORCH_VERSION; }

}  // namespace aacft
