// The shape of a model, as config.json states it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aacft/formats/tensor.h"

namespace aacft {

// GELU, exact (erf) and by its tanh approximation; kSwiGlu: silu(gate) * up, of an input linear with both.
enum class Activation { kGelu, kGeluTanh, kSwiGlu };
enum class NormKind { kLayerNorm, kRmsNorm };

// How positions beyond those that a model was first trained on are reached, by slower turning.
struct RopeScaling {
  enum class Kind { kLinear, kLlama3 } kind = Kind::kLinear;
  double factor = 1;  // by which the slow frequencies (kLinear: all) are divided
  // kLlama3: wavelengths above original_positions / low are slow, those below original_positions / high stay, and
  // between them it passes from one to the other.
  double low = 1, high = 4, original_positions = 8192;
};

// Defaults are those that transformers has for GPT-NeoX; note that RedPajama differs in rotary_pct (1.0) and
// parallel_residual (false).
struct ModelConfig {
  std::string model_type = "gpt_neox";  // its family (family.h)
  std::int64_t vocab_size = 50432;
  std::int64_t hidden_size = 6144;
  std::int64_t intermediate_size = 24576;
  std::int64_t num_layers = 44;
  std::int64_t num_heads = 64;
  std::int64_t num_kv_heads = 0;  // of keys and values, a divisor of num_heads; 0: as many
  std::int64_t head_size = 0;     // 0: hidden_size / num_heads
  std::int64_t max_positions = 2048;
  std::int64_t sliding_window = 0;  // 0: attention sees all; else no text may be longer than this
  double rotary_pct = 0.25;         // share of each head's dimensions that rotate, 0..1
  double rotary_base = 10000;
  std::optional<RopeScaling> rope_scaling;
  NormKind norm = NormKind::kLayerNorm;
  double norm_eps = 1e-5;
  bool qk_norm = false;  // an RMS norm of each head of queries and keys, before they turn
  bool parallel_residual = true;
  bool tied_embeddings = false;  // the head's weight is the embedding's
  bool qkv_by_head = true;       // the packed product is q, k, v of a head after another; else all q, all k, all v
  // Biases of the linears.
  bool qkv_bias = true, attention_output_bias = true, mlp_bias = true;
  Activation activation = Activation::kGelu;
  double hidden_dropout = 0, attention_dropout = 0;  // of the base while it trains, which aacft does not apply
  std::optional<std::int64_t> bos_token_id;
  std::vector<std::int64_t> eos_token_ids;  // any of them ends a text; training ends rows with the first

  std::int64_t head_dim() const { return head_size > 0 ? head_size : hidden_size / num_heads; }
  std::int64_t kv_heads() const { return num_kv_heads > 0 ? num_kv_heads : num_heads; }
  std::int64_t q_width() const { return num_heads * head_dim(); }  // of all heads' queries side by side
  std::int64_t kv_width() const { return kv_heads() * head_dim(); }
  // The longest text that attention sees whole.
  std::int64_t context() const { return sliding_window > 0 ? std::min(sliding_window, max_positions) : max_positions; }
  // An odd number rotates one dimension more, as in transformers.
  std::int64_t rotary_dims() const { return static_cast<std::int64_t>(static_cast<double>(head_dim()) * rotary_pct); }
  std::int64_t num_parameters() const;
  bool ends_text(std::int64_t id) const;
};

// Reads both spellings of the rotary keys; the file's own dtype is ignored, since the tensors know better. Error names
// the file and the key: another model type, a size that is missing, not positive or not divisible, a way of scaling
// positions or an activation that is not known. A folder's generation_config.json may name more tokens that end a text.
// Of a GGUF file see gguf_model.h.
ModelConfig read_model_config(const std::filesystem::path& folder);
ModelConfig parse_model_config(const nlohmann::json& json, const std::string& where);

// In the legacy spelling with every key explicit, which every converter understands.
nlohmann::json to_json(const ModelConfig& config, Dtype dtype);
nlohmann::json eos_token_json(const ModelConfig& config);  // its eos_token_id: null, a number or a list

}  // namespace aacft
