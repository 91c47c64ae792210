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

namespace aacft {

using nlohmann::json;

// All that the file says of itself, long texts cut.
static json describe_keys(const GgufMetadata& metadata) {
  json keys = json::object();
  for (const GgufValue& value : metadata.values()) {
    constexpr std::size_t kMost = 200;
    std::string text = lossy_utf8(gguf_value_text(value));
    if (text.size() > kMost) text = lossy_utf8(text.substr(0, kMost)) + "...";
    keys[std::string(value.key)] = text;
  }
  return keys;
}

json describe_checkpoint(const std::filesystem::path& folder, const Warn& warn) {
  const ModelConfig stated = read_model_config(folder);
  const Checkpoint checkpoint = open_checkpoint(folder, stated);
  const ModelConfig c = check_checkpoint(checkpoint, stated, warn);
  std::uint64_t bytes = 0;
  std::map<std::string, std::size_t> types;
  for (const ModelTensor& expected : tensors_of(c)) {
    const TensorView* tensor = find_weight(checkpoint, c, expected.name);
    bytes += tensor->bytes.size();
    ++types[std::string(dtype_name(tensor->dtype))];
  }
  json description = {{"kind", "checkpoint"},
                      {"model_type", c.model_type},
                      {"folder", folder.string()},
                      {"layout", checkpoint.layout()},
                      {"parameters", c.num_parameters()},
                      {"weight_bytes", bytes},
                      {"tensors_by_type", types},
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
