#include "aacft/model/backprop.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include <algorithm>

namespace aacft {
namespace {

using torch::Tensor;

// Logits exist for about this many rows at a time.
constexpr std::int64_t kHeadRows = 512;

// The rows of some sequences whose loss counts, as a small pass of its own.
struct HeadChunk {
  Pass pass;
  std::vector<std::int64_t> rows;  // their places in the whole pass
};

std::vector<HeadChunk> head_chunks(const Pass& pass, const Targets& targets) {
  std::vector<HeadChunk> chunks;
  for (std::size_t i = 0; i < pass.sequences(); ++i) {
    std::vector<std::int64_t> counted;
    for (std::int64_t row = pass.offsets[i]; row < pass.offsets[i + 1]; ++row)
      if (targets.weights[static_cast<std::size_t>(row)] != 0) counted.push_back(row);
    if (counted.empty()) continue;
    const auto count = static_cast<std::int64_t>(counted.size());
    if (chunks.empty() || chunks.back().pass.rows() + count > kHeadRows) chunks.emplace_back();
    HeadChunk& chunk = chunks.back();
    chunk.rows.insert(chunk.rows.end(), counted.begin(), counted.end());
    chunk.pass.offsets.push_back(chunk.pass.rows() + count);
  }
  return chunks;
}

// Loss of the normed hidden states, and its gradient with respect to them where `gradient` is given (zeros, of
// normed's shape). The logits become their own gradient in place.
void head_loss(GptNeox& model, const Tensor& normed, const Pass& pass, const Targets& targets, double& loss, Tensor* gradient,
               std::vector<float>* nll) {
  const at::NoGradGuard no_grad;
  Parameter& weight = model.embed_out().weight;
  for (const HeadChunk& chunk : head_chunks(pass, targets)) {
    const Tensor index = torch::tensor(chunk.rows, torch::kInt64);
    const Tensor x = normed.index_select(0, index);
    Tensor logits = model.logits(x, chunk.pass);
    std::vector<float> row_nll(chunk.rows.size());
    for_each_sequence(chunk.pass, [&](std::size_t i) {
      Tensor part = chunk.pass.part(logits, i);
      part.copy_(at::log_softmax(part, -1));
      auto values = part.accessor<float, 2>();
      for (std::int64_t r = 0; r < part.size(0); ++r) {
        const auto row = static_cast<std::size_t>(chunk.pass.offsets[i] + r);
        row_nll[row] = -values[r][targets.next[static_cast<std::size_t>(chunk.rows[row])]];
      }
      if (gradient == nullptr) return;
      part.exp_();
      for (std::int64_t r = 0; r < part.size(0); ++r) {
        const auto source = static_cast<std::size_t>(chunk.rows[static_cast<std::size_t>(chunk.pass.offsets[i] + r)]);
        part.select(0, r).mul_(targets.weights[source]);
        values[r][targets.next[source]] -= targets.weights[source];
      }
    });
    for (std::size_t row = 0; row < row_nll.size(); ++row) {
      const auto source = static_cast<std::size_t>(chunk.rows[row]);
      loss += static_cast<double>(targets.weights[source]) * static_cast<double>(row_nll[row]);
      if (nll != nullptr) (*nll)[source] = row_nll[row];
    }
    if (gradient == nullptr) continue;
    gradient->index_copy_(0, index, multiply(logits, weight.value, chunk.pass));
    if (weight.trained()) accumulate_weight_grad(weight.grad, logits, x, chunk.pass);
  }
}

bool trains_anything(const Layer& layer) {
  for (const Linear* linear : {&layer.query_key_value, &layer.dense, &layer.dense_h_to_4h, &layer.dense_4h_to_h})
    if (linear->weight.trained() || (linear->lora != nullptr && linear->lora->a.trained())) return true;
  return false;
}

}  // namespace

void add_loss(GptNeox& model, const Pass& pass, const Targets& targets, double& loss, std::vector<float>* nll) {
  if (nll != nullptr) nll->assign(targets.weights.size(), 0.0f);
  head_loss(model, model.hidden(pass), pass, targets, loss, nullptr, nll);
}

void add_gradients(GptNeox& model, const Pass& pass, const Targets& targets, std::size_t kept_layers, double& loss) {
  const std::size_t layers = model.num_layers();
  const bool whole = model.embed_in().trained();
  // Nothing below the lowest trained layer needs a gradient.
  std::size_t lowest = 0;
  while (!whole && lowest < layers && !trains_anything(model.layer_modules(lowest))) ++lowest;

  // One graph a layer: its input is a leaf, so that layers can be differentiated, kept or computed again one by one.
  std::vector<Tensor> inputs(layers), outputs(layers);
  const auto forward = [&](std::size_t l, const Tensor& x) {
    const at::AutoGradMode record(true);
    inputs[l] = x.detach().requires_grad_(whole || l > lowest);
    return model.layer(l, inputs[l], pass);
  };

  at::NoGradGuard no_grad;
  Tensor x = model.embed(pass).detach();
  for (std::size_t l = 0; l < layers; ++l) {
    if (l >= lowest && l + kept_layers >= layers) {
      outputs[l] = forward(l, x);
      x = outputs[l].detach();
    } else {
      if (l >= lowest) inputs[l] = x;
      x = model.layer(l, x, pass);
    }
  }

  Tensor leaf, normed;
  {
    const at::AutoGradMode record(true);
    leaf = x.detach().requires_grad_();
    normed = model.final_norm(leaf, pass);
  }
  Tensor gradient = torch::zeros_like(leaf);
  head_loss(model, normed.detach(), pass, targets, loss, &gradient, nullptr);
  torch::autograd::backward({normed}, {gradient});
  gradient = leaf.grad();

  for (std::size_t l = layers; l-- > lowest;) {
    if (!outputs[l].defined()) outputs[l] = forward(l, inputs[l]);
    torch::autograd::backward({outputs[l]}, {gradient});
    gradient = inputs[l].grad();
    outputs[l] = inputs[l] = Tensor();
  }
  // Sequence by sequence, in order: index_add_ on one thread is.
  if (whole) model.embed_in().grad.index_add_(0, pass.ids, gradient);
}

PassMemory estimate_pass_memory(const GptNeox& model, std::int64_t longest_row, bool full) {
  const ModelConfig& c = model.config();
  const auto h = static_cast<std::uint64_t>(c.hidden_size), i = static_cast<std::uint64_t>(c.intermediate_size);
  // Which inputs the trained modules keep for their gradients.
  std::uint64_t adapted = 0;
  for (std::size_t l = 0; l < model.num_layers(); ++l) {
    const Layer& m = model.layer_modules(l);
    std::uint64_t here = 0;
    for (const Linear* linear : {&m.query_key_value, &m.dense, &m.dense_h_to_4h, &m.dense_4h_to_h}) {
      if (!full && linear->lora == nullptr) continue;
      here += static_cast<std::uint64_t>(linear->in());
      if (linear->lora != nullptr && linear->lora->dora()) here += static_cast<std::uint64_t>(linear->out());
    }
    adapted = std::max(adapted, here);
  }
  PassMemory memory;
  // Layer input, q k v, second norm's input, gelu's input, layer output; fp32.
  memory.per_row_kept = 4 * (h + 3 * h + h + i + adapted);
  memory.per_row_recomputed = 4 * h;
  // One layer's graph while it is computed again, and its gradients under way.
  memory.per_row_working = memory.per_row_kept + 4 * (8 * h + 4 * i);
  const auto head_rows = static_cast<std::uint64_t>(std::max(kHeadRows, longest_row));
  const auto longest = static_cast<std::uint64_t>(longest_row);
  memory.fixed = 4 * (head_rows + longest) * static_cast<std::uint64_t>(c.vocab_size) +
                 4 * 6 * static_cast<std::uint64_t>(c.num_heads) * longest * longest + (64u << 20);
  return memory;
}

}  // namespace aacft
