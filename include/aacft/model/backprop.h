// Loss and gradients of a pass, layer by layer.
#pragma once

#include <cstdint>
#include <vector>

#include "aacft/model/model.h"

namespace aacft {

// Logits exist for this many tokens at a time.
constexpr std::int64_t kHeadTokens = 256;

// What the tokens of a pass should predict. One may have several targets, where sequences that share it go on
// differently.
struct Targets {
  std::vector<std::int64_t> rows;  // of the pass, ascending
  std::vector<std::int64_t> next;  // the token after it
  std::vector<float> weights;      // the weight of its loss in the step, not 0

  void add(std::int64_t row, std::int64_t token, float weight) {
    rows.push_back(row), next.push_back(token), weights.push_back(weight);
  }
};

// loss += sum over targets of weight * -log p(next), one by one in double; the values of -log p go to *nll where it is
// given.
void add_loss(const Model& model, const Pass& pass, const Targets& targets, ComputeContext& context, double& loss,
              std::vector<float>* nll = nullptr);

// The same, with gradients. Refers to the model and the context; one call at a time.
class Backprop {
 public:
  Backprop(const Model& model, ComputeContext& context)
      : model_(model), context_(context), states_(model.num_layers()) {}

  // Adds the gradients of everything trained to Parameter::grad: of the model, and of the adapters that are attached to
  // the pass. The activations of the top `kept_layers` layers are kept from the forward pass; those of the others are
  // computed again when their turn comes (gradient checkpointing by layer; Chen et al. 2016). Memory is kept for the
  // next pass.
  void add_gradients(const Pass& pass, const Targets& targets, std::size_t kept_layers, double& loss);

 private:
  const Model& model_;
  ComputeContext& context_;
  std::vector<LayerState> states_;
  Buffer x_, dx_;
};

}  // namespace aacft
