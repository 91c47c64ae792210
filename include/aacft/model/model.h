// A language model of any family: layers of blocks by role between an embedding and a head.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/formats/checkpoint.h"
#include "aacft/model/compute_context.h"
#include "aacft/model/config.h"
#include "aacft/model/family.h"
#include "aacft/model/layer.h"
#include "aacft/model/model_options.h"
#include "aacft/model/ops.h"
#include "aacft/model/packed_model.h"
#include "aacft/model/parameter.h"
#include "aacft/model/pass.h"

namespace aacft {

// Frozen weights are packed once, while they are read; the mapped file then leaves the resident set. Biases and norms
// are widened to fp32. What computes is const, and all that changes meanwhile is the caller's: the context, the pass's
// caches, the states. One computation at a time in a process, since all go through parallel_for; the rest may be read
// from any thread meanwhile. Not copyable or movable.
class Model {
 public:
  // A model folder, packed or not, or a GGUF file; see check_checkpoint for what can go wrong. A packed one rests as it
  // is, so that options.base_weights must be what it is packed as, or nothing; Error when all weights are to be
  // trained.
  Model(const std::filesystem::path& folder, const Warn& warn, const ModelOptions& options = {});
  // For measurements: made-up weights, as if stored in 16 bits; every token has the same embedding.
  Model(const ModelConfig& config, const ModelOptions& options);
  Model(const Model&) = delete;

  const ModelConfig& config() const { return config_; }
  Compute compute() const { return options_.compute; }
  Dtype stored_dtype() const { return stored_dtype_; }
  std::uint64_t weight_bytes() const;  // in memory

  // The residual stream: fp32 [tokens, hidden]. embed() begins a pass: the context then holds the angles of its
  // positions, for forward and backward. A layer's `state` is null where no gradient will be asked for.
  void embed(const Pass& pass, const Matrix& x, ComputeContext& context) const;
  void forward(std::size_t layer, const Pass& pass, const Matrix& x, LayerState* state, bool keep,
               ComputeContext& context) const;
  void backward(std::size_t layer, const Pass& pass, LayerState& state, const Matrix& dx, bool below,
                ComputeContext& context) const;

  // embed and every layer: fp32 [tokens, hidden] in the context's memory. Advances the pass's caches.
  Matrix stream(const Pass& pass, ComputeContext& context) const;
  // The same through the final norm, fp32 [tokens, hidden].
  torch::Tensor hidden(const Pass& pass, ComputeContext& context) const;
  // fp32 [rows, vocab] from some rows of that.
  torch::Tensor logits(const torch::Tensor& normed, ComputeContext& context) const;

  KvCache make_cache(std::int64_t capacity) const;

  std::size_t num_layers() const { return layers_.size(); }
  const Layer& layer(std::size_t index) const { return layers_[index]; }
  const Norm& final_norm() const { return final_norm_; }
  const Parameter& embedding() const { return embedding_; }
  // [vocab, hidden]: its values, fp32 where the file has them in no plain form.
  torch::Tensor embedding_rows() const;
  const Linear& head() const { return head_; }

  // What adapters may adapt, in a fixed order, and where it is.
  const std::vector<AdapterTarget>& targets() const { return targets_; }
  const Linear& linear(const AdapterTarget& target) const { return layers_[target.layer][target.role]; }
  const LinearPart& part(const AdapterTarget& target) const { return linear(target).parts[target.part]; }

  // Every weight, under its checkpoint name. A tied head is listed once, as the embedding.
  std::vector<NamedParameter> parameters();
  // Full fine-tuning: every weight becomes fp32 with a gradient, and nothing is packed.
  void train_all();
  // A tied head collects its gradient apart, so that the order of sums does not depend on the passes; this adds it to
  // the embedding's at the end of a step.
  void join_tied_gradients();

 private:
  // The weights, walking the registry: read(tensor) gives each one's value.
  template <typename Read>
  void assemble(const Read& read);
  Parameter& parameter_at(const TensorPlace& place);
  void take_packed(const std::filesystem::path& folder);
  // The value of a tensor of the checkpoint; where it is not plain, its place is told where it rests.
  torch::Tensor stored_value(const ModelTensor& tensor);
  BlockContext context_of(std::size_t layer, const Pass& pass, ComputeContext& context) const;
  WeightType head_type_of() const;
  // Error that names the weight where it is not finite. The file's pages are let go.
  PackedWeights checked_pack(const Linear& linear, std::optional<WeightType> type) const;
  // A layer whose weights are packed for its turn alone.
  Layer packed_layer(std::size_t index) const;

  ModelConfig config_;
  ModelOptions options_;
  Dtype stored_dtype_ = Dtype::kFloat32;
  std::optional<Checkpoint> checkpoint_;        // holds the mapped weights
  std::optional<PackedModelFile> packed_file_;  // or those that were packed before
  torch::Tensor rotary_frequencies_;
  std::vector<AdapterTarget> targets_;
  Parameter embedding_;
  const TensorView* stored_embedding_ = nullptr;  // where the file has it in another form; its value is the shape alone
  std::vector<Layer> layers_;
  Norm final_norm_;
  Linear head_;
};

}  // namespace aacft
