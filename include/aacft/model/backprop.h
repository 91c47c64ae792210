// Loss and gradients of a pass, layer by layer.
#pragma once

#include <cstdint>
#include <vector>

#include "aacft/model/gpt_neox.h"

namespace aacft {

// Logits exist for this many rows at a time.
constexpr std::int64_t kHeadRows = 256;

// What the rows of a pass should predict. A row may have several targets, where sequences that share it go on
// differently.
struct Targets {
  std::vector<std::int64_t> rows;  // ascending
  std::vector<std::int64_t> next;  // the token after it
  std::vector<float> weights;      // the weight of its loss in the step, not 0

  void add(std::int64_t row, std::int64_t token, float weight) {
    rows.push_back(row), next.push_back(token), weights.push_back(weight);
  }
};

// loss += sum over targets of weight * -log p(next), one by one in double; the values of -log p go to *nll where it is
// given.
void add_loss(GptNeox& model, const Pass& pass, const Targets& targets, double& loss,
              std::vector<float>* nll = nullptr);

// The same, with gradients.
class Backprop {
 public:
  explicit Backprop(GptNeox& model) : model_(model), states_(model.num_layers()) {}

  // Adds the gradients of everything trained to Parameter::grad. The activations of the top `kept_layers` layers are
  // kept from the forward pass; those of the others are computed again when their turn comes (gradient checkpointing by
  // layer; Chen et al. 2016). Memory is kept for the next pass.
  void add_gradients(const Pass& pass, const Targets& targets, std::size_t kept_layers, double& loss);

 private:
  GptNeox& model_;
  std::vector<LayerState> states_;
  Buffer x_, dx_;
};

}  // namespace aacft
