// The GPT-NeoX language model.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aacft/formats/checkpoint.h"
#include "aacft/model/config.h"
#include "aacft/model/layer.h"
#include "aacft/model/lora.h"
#include "aacft/model/model_options.h"
#include "aacft/model/ops.h"
#include "aacft/model/parameter.h"
#include "aacft/model/pass.h"

namespace aacft {

struct NamedLinear {
  std::string name;  // "gpt_neox.layers.0.attention.query_key_value"
  Linear* linear;
};

// Names and shapes of the tensors that a checkpoint of this shape holds, in the order of the model.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> expected_tensors(const ModelConfig& config);

// The linears of a layer, in the order of Layer.
struct LinearShape {
  std::string name;  // "gpt_neox.layers.0.attention.query_key_value"
  std::int64_t out = 0, in = 0;
};
std::vector<LinearShape> linears_of_layer(const ModelConfig& config, std::int64_t layer);

// A weight under its name, or under the one that newer files give the head (lm_head); null where there is none.
const TensorView* find_weight(const Checkpoint& checkpoint, const std::string& name);

// True for buffers that old files carry and nobody needs.
bool is_ignored_tensor(const std::string& name);

// Compares a checkpoint with the shape it should have: Error names every missing or misshapen tensor; extra ones are
// warned about. Values are not looked at.
void check_checkpoint(const Checkpoint& checkpoint, const ModelConfig& config, const Warn& warn);

// Error that names the tensor where it holds a NaN or an infinity.
void require_finite(const Checkpoint& checkpoint, const std::string& name);

// Frozen weights are packed once, while they are read; the mapped file then leaves the resident set. Biases and norms
// are widened to fp32. Not copyable or movable: modules are referred to by address.
class GptNeox {
 public:
  // A model folder; see check_checkpoint for what can go wrong.
  GptNeox(const std::filesystem::path& folder, const Warn& warn, const ModelOptions& options = {});
  // For measurements: made-up weights, as if stored in 16 bits; every token has the same embedding.
  GptNeox(const ModelConfig& config, const ModelOptions& options);
  GptNeox(const GptNeox&) = delete;

  const ModelConfig& config() const { return config_; }
  Compute compute() const { return options_.compute; }
  Dtype stored_dtype() const { return stored_dtype_; }
  std::uint64_t weight_bytes() const;  // in memory

  // The residual stream: fp32 [rows, hidden]. A layer's `state` is null where no gradient will be asked for.
  void embed(const Pass& pass, const Matrix& x) const;
  void forward(std::size_t layer, const Pass& pass, const Matrix& x, LayerState* state, bool keep);
  void backward(std::size_t layer, const Pass& pass, LayerState& state, const Matrix& dx, bool below);
  // y = the final norm of x.
  void final_norm(const Matrix& x, const Matrix& y) const;

  // logits [rows, vocab] = normed W^T; `rows` says which of them belong to a sequence.
  void head(const Matrix& normed, const Pass& rows, const Matrix& logits) const;

  // embed and every layer: fp32 [rows, hidden] in memory that the next pass uses again. Advances the pass's caches.
  Matrix stream(const Pass& pass);
  // The same with final_norm, fp32 [rows, hidden].
  torch::Tensor hidden(const Pass& pass);
  // fp32 [rows, vocab] from some rows of that.
  torch::Tensor logits(const torch::Tensor& normed);

  KvCache make_cache(std::int64_t capacity) const;

  std::size_t num_layers() const { return layers_.size(); }
  const Layer& layer(std::size_t index) const { return layers_[index]; }
  LayerNorm& final_layer_norm() { return final_layer_norm_; }
  Parameter& embed_in() { return embed_in_; }
  Linear& embed_out() { return embed_out_; }

  // The linears that adapters may target, in a fixed order.
  std::vector<NamedLinear> linears();
  // Every weight, under its checkpoint name. A tied head is listed once, as embed_in.
  std::vector<NamedParameter> parameters();
  // Full fine-tuning: every weight becomes fp32 with a gradient, and nothing is packed.
  void train_all();
  // A tied head collects its gradient apart, so that the order of sums does not depend on the passes; this adds it to
  // embed_in's at the end of a step.
  void join_tied_gradients();

 private:
  LayerContext context(const Pass& pass);
  void pack_checked(Linear& linear, const std::string& name, std::optional<WeightType> type) const;
  void pack_layer(std::size_t index);
  void pack_head();

  ModelConfig config_;
  ModelOptions options_;
  Dtype stored_dtype_;
  std::optional<Checkpoint> checkpoint_;  // holds the mapped weights
  RotaryTable rotary_;
  Parameter embed_in_;
  std::vector<Layer> layers_;
  LayerNorm final_layer_norm_;
  Linear embed_out_;
  LayerScratch scratch_;
  Buffer stream_;
};

}  // namespace aacft
