#include "aacft/model/describe.h"

#include <torch/version.h>

#include <map>

#include "aacft/formats/checkpoint.h"
#include "aacft/model/adapter.h"
#include "aacft/model/family.h"
#include "aacft/model/model_tensors.h"

namespace aacft {

using nlohmann::json;

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
  return {{"kind", "checkpoint"},
          {"folder", folder.string()},
          {"layout", checkpoint.layout()},
          {"parameters", c.num_parameters()},
          {"weight_bytes", bytes},
          {"tensors_by_type", types},
          {"layers", c.num_layers},
          {"hidden_size", c.hidden_size},
          {"intermediate_size", c.intermediate_size},
          {"heads", c.num_heads},
          {"vocab_size", c.vocab_size},
          {"context", c.max_positions},
          {"rotary_pct", c.rotary_pct},
          {"rotary_base", c.rotary_base},
          {"residual", c.parallel_residual ? "parallel" : "sequential"},
          {"attention_bias", c.attention_bias},
          {"tied_embeddings", c.tied_embeddings},
          {"eos_token_id", eos_token_json(c)}};
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
