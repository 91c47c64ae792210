#include "aacft/model/backprop.h"

#include <torch/types.h>

#include <algorithm>
#include <cstring>

#include "aacft/kernels/cross_entropy.h"
#include "aacft/model/blocks/norm.h"

namespace aacft {
namespace {

using torch::Tensor;

// Cuts targets into chunks of neighbours, and those by segment: body(first, pass) gets rows first .. first +
// pass.rows() - 1 of the targets. No block crosses a segment or is longer than a chunk, so what happens to it depends
// on its segment alone.
template <typename Body>
void for_each_head_chunk(const Pass& pass, const Targets& targets, const Body& body) {
  const auto count = static_cast<std::int64_t>(targets.rows.size());
  Pass chunk;
  std::int64_t first = 0;
  std::size_t segment = 0;
  const auto flush = [&] {
    if (chunk.rows() > 0) body(first, chunk);
    first += chunk.rows();
    chunk.offsets = {0};
  };
  for (std::int64_t begin = 0; begin < count;) {
    while (targets.rows[static_cast<std::size_t>(begin)] >= pass.offsets[segment + 1]) ++segment;
    std::int64_t end = begin;
    while (end < count && end - begin < kHeadTokens &&
           targets.rows[static_cast<std::size_t>(end)] < pass.offsets[segment + 1])
      ++end;
    if (chunk.rows() + end - begin > kHeadTokens) flush();
    chunk.offsets.push_back(chunk.rows() + end - begin);
    begin = end;
  }
  flush();
}

// The loss of the final layer's output x, and its gradient with respect to x in *dx where that is given.
void head_loss(const Model& model, ComputeContext& context, const Matrix& x, const Pass& pass, const Targets& targets,
               double& loss, const Matrix* dx, std::vector<float>* nll) {
  const at::NoGradGuard no_grad;
  const ModelConfig& config = model.config();
  if (nll != nullptr) nll->resize(targets.rows.size());
  if (dx != nullptr) std::memset(dx->data, 0, static_cast<std::size_t>(dx->rows * dx->cols) * 4);
  std::vector<float> chunk_nll;
  for_each_head_chunk(pass, targets, [&](std::int64_t first, const Pass& chunk) {
    const std::int64_t rows = chunk.rows();
    const Matrix input = context.head_input.get(rows, config.hidden_size, Element::kFp32);
    for (std::int64_t i = 0; i < rows; ++i)
      std::memcpy(input.row(i), x.row(targets.rows[static_cast<std::size_t>(first + i)]),
                  static_cast<std::size_t>(config.hidden_size) * 4);
    const Matrix normed = context.head_normed.get(rows, config.hidden_size, Element::kFp32);
    norm_forward(config, model.final_norm(), input, normed);
    const Matrix logits = context.logits.get(rows, config.vocab_size, Element::kFp32);
    const OpContext op{chunk, model.compute(), context};
    linear(op, normed, model.head(), logits, false, nullptr);
    chunk_nll.resize(static_cast<std::size_t>(rows));
    const float* weights = targets.weights.data() + first;
    cross_entropy(logits, targets.next.data() + first, dx != nullptr ? weights : nullptr, chunk_nll.data());
    for (std::int64_t i = 0; i < rows; ++i)
      loss += static_cast<double>(weights[i]) * static_cast<double>(chunk_nll[static_cast<std::size_t>(i)]);
    if (nll != nullptr) std::copy(chunk_nll.begin(), chunk_nll.end(), nll->begin() + first);
    if (dx == nullptr) return;

    const Matrix dnormed = context.dhead_normed.get(rows, config.hidden_size, Element::kFp32);
    linear_backward(op, normed, model.head(), logits, &dnormed, false, {});
    norm_weight_backward(config, model.final_norm(), input, dnormed);
    // Row by row, since several targets may belong to one row.
    for (std::int64_t i = 0; i < rows; ++i) {
      const Matrix into = rows_of(*dx, targets.rows[static_cast<std::size_t>(first + i)], 1);
      norm_backward(config, model.final_norm(), rows_of(input, i, 1), rows_of(dnormed, i, 1), into);
    }
  });
}

}  // namespace

void add_loss(const Model& model, const Pass& pass, const Targets& targets, ComputeContext& context, double& loss,
              std::vector<float>* nll) {
  head_loss(model, context, model.stream(pass, context), pass, targets, loss, nullptr, nll);
}

void Backprop::add_gradients(const Pass& pass, const Targets& targets, std::size_t kept_layers, double& loss) {
  const at::NoGradGuard no_grad;
  const std::size_t layers = model_.num_layers();
  const bool whole = model_.embedding().trained();
  // Nothing below the lowest trained layer needs a gradient.
  std::size_t lowest = 0;
  while (!whole && lowest < layers && !trains(model_.layer(lowest), pass)) ++lowest;

  const std::int64_t hidden = model_.config().hidden_size;
  const Matrix x = x_.get(pass.rows(), hidden, Element::kFp32), dx = dx_.get(pass.rows(), hidden, Element::kFp32);
  model_.embed(pass, x, context_);
  for (std::size_t l = 0; l < layers; ++l)
    model_.forward(l, pass, x, l >= lowest ? &states_[l] : nullptr, l >= lowest && l + kept_layers >= layers, context_);
  head_loss(model_, context_, x, pass, targets, loss, &dx, nullptr);
  for (std::size_t l = layers; l-- > lowest;) model_.backward(l, pass, states_[l], dx, whole || l > lowest, context_);
  // Row by row, in order: index_add_ on one thread is.
  if (whole) model_.embedding().grad.index_add_(0, pass.ids, tensor_over(dx));
}

}  // namespace aacft
