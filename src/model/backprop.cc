#include "aacft/model/backprop.h"

#include <torch/types.h>

#include <algorithm>
#include <cstring>

#include "aacft/kernels/cross_entropy.h"
#include "aacft/kernels/norm.h"

namespace aacft {
namespace {

using torch::Tensor;

struct HeadScratch {
  Buffer gathered, normed, logits, dnormed;
};
HeadScratch& head_scratch() {
  static HeadScratch scratch;
  return scratch;
}

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
    while (end < count && end - begin < kHeadRows &&
           targets.rows[static_cast<std::size_t>(end)] < pass.offsets[segment + 1])
      ++end;
    if (chunk.rows() + end - begin > kHeadRows) flush();
    chunk.offsets.push_back(chunk.rows() + end - begin);
    begin = end;
  }
  flush();
}

// The loss of the final layer's output x, and its gradient with respect to x in *dx where that is given.
void head_loss(GptNeox& model, const Matrix& x, const Pass& pass, const Targets& targets, double& loss,
               const Matrix* dx, std::vector<float>* nll) {
  const at::NoGradGuard no_grad;
  const ModelConfig& config = model.config();
  const auto eps = static_cast<float>(config.layer_norm_eps);
  HeadScratch& scratch = head_scratch();
  if (nll != nullptr) nll->resize(targets.rows.size());
  if (dx != nullptr) std::memset(dx->data, 0, static_cast<std::size_t>(dx->rows * dx->cols) * 4);
  LayerNorm& norm = model.final_layer_norm();
  std::vector<float> chunk_nll;
  for_each_head_chunk(pass, targets, [&](std::int64_t first, const Pass& chunk) {
    const std::int64_t rows = chunk.rows();
    const Matrix input = scratch.gathered.get(rows, config.hidden_size, Element::kFp32);
    for (std::int64_t i = 0; i < rows; ++i)
      std::memcpy(input.row(i), x.row(targets.rows[static_cast<std::size_t>(first + i)]),
                  static_cast<std::size_t>(config.hidden_size) * 4);
    const Matrix normed = scratch.normed.get(rows, config.hidden_size, Element::kFp32);
    model.final_norm(input, normed);
    const Matrix logits = scratch.logits.get(rows, config.vocab_size, Element::kFp32);
    model.head(normed, chunk, logits);
    chunk_nll.resize(static_cast<std::size_t>(rows));
    const float* weights = targets.weights.data() + first;
    cross_entropy(logits, targets.next.data() + first, dx != nullptr ? weights : nullptr, chunk_nll.data());
    for (std::int64_t i = 0; i < rows; ++i)
      loss += static_cast<double>(weights[i]) * static_cast<double>(chunk_nll[static_cast<std::size_t>(i)]);
    if (nll != nullptr) std::copy(chunk_nll.begin(), chunk_nll.end(), nll->begin() + first);
    if (dx == nullptr) return;

    const Matrix dnormed = scratch.dnormed.get(rows, config.hidden_size, Element::kFp32);
    linear_backward(normed, model.embed_out(), chunk, model.compute(), logits, &dnormed, false, {});
    if (norm.weight.trained())
      layer_norm_weight_grad(input, eps, dnormed, norm.weight.grad.data_ptr<float>(), norm.bias.grad.data_ptr<float>());
    // Row by row, since several targets may belong to one row.
    const float* weight = norm.weight.value.data_ptr<float>();
    for (std::int64_t i = 0; i < rows; ++i)
      layer_norm_backward(rows_of(ConstMatrix(input), i, 1), weight, eps, rows_of(ConstMatrix(dnormed), i, 1),
                          rows_of(*dx, targets.rows[static_cast<std::size_t>(first + i)], 1));
  });
}

bool trains_anything(const Layer& layer) {
  for (const Linear* linear : {&layer.query_key_value, &layer.dense, &layer.dense_h_to_4h, &layer.dense_4h_to_h})
    if (linear->weight.trained() || (linear->lora != nullptr && linear->lora->a.trained())) return true;
  return false;
}

}  // namespace

void add_loss(GptNeox& model, const Pass& pass, const Targets& targets, double& loss, std::vector<float>* nll) {
  head_loss(model, model.stream(pass), pass, targets, loss, nullptr, nll);
}

void Backprop::add_gradients(const Pass& pass, const Targets& targets, std::size_t kept_layers, double& loss) {
  const at::NoGradGuard no_grad;
  const std::size_t layers = model_.num_layers();
  const bool whole = model_.embed_in().trained();
  // Nothing below the lowest trained layer needs a gradient.
  std::size_t lowest = 0;
  while (!whole && lowest < layers && !trains_anything(model_.layer(lowest))) ++lowest;

  const std::int64_t hidden = model_.config().hidden_size;
  const Matrix x = x_.get(pass.rows(), hidden, Element::kFp32), dx = dx_.get(pass.rows(), hidden, Element::kFp32);
  model_.embed(pass, x);
  for (std::size_t l = 0; l < layers; ++l)
    model_.forward(l, pass, x, l >= lowest ? &states_[l] : nullptr, l >= lowest && l + kept_layers >= layers);
  head_loss(model_, x, pass, targets, loss, &dx, nullptr);
  for (std::size_t l = layers; l-- > lowest;) model_.backward(l, pass, states_[l], dx, whole || l > lowest);
  // Row by row, in order: index_add_ on one thread is.
  if (whole) model_.embed_in().grad.index_add_(0, pass.ids, tensor_over(dx));
}

}  // namespace aacft
