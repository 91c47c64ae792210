// The GPT-NeoX language model.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "aacft/formats/checkpoint.h"
#include "aacft/model/config.h"
#include "aacft/model/lora.h"
#include "aacft/model/ops.h"
#include "aacft/model/parameter.h"
#include "aacft/model/pass.h"

namespace aacft {

struct Layer {
  LayerNorm input_layernorm, post_attention_layernorm;
  Linear query_key_value, dense, dense_h_to_4h, dense_4h_to_h;
};

struct NamedLinear {
  std::string name;  // "gpt_neox.layers.0.attention.query_key_value"
  Linear* linear;
};

// Names and shapes of the tensors that a checkpoint of this shape holds, in the order of the model.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> expected_tensors(const ModelConfig& config);

// A weight under its name, or under the one that newer files give the head (lm_head); null where there is none.
const TensorView* find_weight(const Checkpoint& checkpoint, const std::string& name);

// True for buffers that old files carry and nobody needs.
bool is_ignored_tensor(const std::string& name);

// Compares a checkpoint with the shape it should have: Error names every missing or misshapen tensor; extra ones are
// warned about. With check_values, a weight that is not finite is an Error too.
void check_checkpoint(const Checkpoint& checkpoint, const ModelConfig& config, bool check_values, const Warn& warn);

// Weights stay mapped and as stored (fp32, fp16 or bf16); biases and norms are widened to fp32. Not copyable or
// movable: modules are referred to by address.
class GptNeox {
 public:
  // A model folder; see check_checkpoint for what can go wrong.
  GptNeox(const std::filesystem::path& folder, const Warn& warn);
  GptNeox(const GptNeox&) = delete;

  const ModelConfig& config() const { return config_; }
  Dtype stored_dtype() const { return stored_dtype_; }
  std::uint64_t weight_bytes() const;

  // All [rows, hidden] or, for logits, [rows, vocab].
  torch::Tensor embed(const Pass& pass) const;
  torch::Tensor layer(std::size_t index, const torch::Tensor& x, const Pass& pass) const;
  torch::Tensor final_norm(const torch::Tensor& x, const Pass& pass) const;
  torch::Tensor logits(const torch::Tensor& normed, const Pass& pass) const;

  // All of it: embed to final_norm. Advances the pass's caches.
  torch::Tensor hidden(const Pass& pass) const;

  // Weights leave the resident set as soon as a layer is done: slower, but hardly any memory is used.
  void set_low_memory(bool low) { low_memory_ = low; }

  KvCache make_cache(std::int64_t capacity) const;

  std::size_t num_layers() const { return layers_.size(); }
  const Layer& layer_modules(std::size_t index) const { return layers_[index]; }
  Parameter& embed_in() { return embed_in_; }
  Linear& embed_out() { return embed_out_; }

  // The linears that adapters may target, in a fixed order.
  std::vector<NamedLinear> linears();
  // Every weight, under its checkpoint name. A tied head is listed once, as embed_in.
  std::vector<NamedParameter> parameters();
  // Full fine-tuning: every weight becomes fp32 with a gradient.
  void train_all();
  // A tied head collects its gradient apart, so that the order of sums does not depend on the passes; this adds it to
  // embed_in's at the end of a step.
  void join_tied_gradients();

 private:
  void release(const std::string& name_prefix) const;

  ModelConfig config_;
  Dtype stored_dtype_;
  Checkpoint checkpoint_;  // holds the mapped weights
  bool low_memory_ = false;
  RotaryTable rotary_;
  Parameter embed_in_;
  std::vector<Layer> layers_;
  LayerNorm final_layer_norm_;
  Linear embed_out_;
};

}  // namespace aacft
