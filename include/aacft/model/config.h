// The shape of a GPT-NeoX model, as config.json states it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aacft/formats/tensor.h"

namespace aacft {

enum class Activation { kGelu, kGeluTanh };  // exact (erf), and the tanh approximation

// Defaults are transformers' own; note that RedPajama differs in rotary_pct (1.0) and parallel_residual (false).
struct ModelConfig {
  std::string model_type = "gpt_neox";  // its family (family.h)
  std::int64_t vocab_size = 50432;
  std::int64_t hidden_size = 6144;
  std::int64_t intermediate_size = 24576;
  std::int64_t num_layers = 44;
  std::int64_t num_heads = 64;
  std::int64_t max_positions = 2048;
  double rotary_pct = 0.25;  // share of each head's dimensions that rotate, 0..1
  double rotary_base = 10000;
  double layer_norm_eps = 1e-5;
  bool parallel_residual = true;
  bool tied_embeddings = false;  // embed_out.weight is embed_in.weight
  bool attention_bias = true;    // biases of query_key_value and dense
  Activation activation = Activation::kGelu;
  double hidden_dropout = 0, attention_dropout = 0;  // of the base while it trains, which aacft does not apply
  std::optional<std::int64_t> bos_token_id;
  std::vector<std::int64_t> eos_token_ids;  // any of them ends a text; training ends rows with the first

  std::int64_t head_dim() const { return hidden_size / num_heads; }
  // An odd number rotates one dimension more, as in transformers.
  std::int64_t rotary_dims() const { return static_cast<std::int64_t>(static_cast<double>(head_dim()) * rotary_pct); }
  std::int64_t num_parameters() const;
  bool ends_text(std::int64_t id) const;
};

// Reads both spellings of the rotary keys; the file's own dtype is ignored, since the tensors know better. Error names
// the file and the key: another model type, a size that is missing, not positive or not divisible, scaled rotary
// positions, an unknown activation. A folder's generation_config.json may name more tokens that end a text.
ModelConfig read_model_config(const std::filesystem::path& folder);
ModelConfig parse_model_config(const nlohmann::json& json, const std::string& where);

// In the legacy spelling with every key explicit, which every converter understands.
nlohmann::json to_json(const ModelConfig& config, Dtype dtype);
nlohmann::json eos_token_json(const ModelConfig& config);  // its eos_token_id: null, a number or a list

}  // namespace aacft
