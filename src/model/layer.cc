#include "aacft/model/layer.h"

#include <algorithm>
#include <cstring>

#include "aacft/base/threads.h"
#include "aacft/model/blocks/norm.h"

namespace aacft {
namespace {

// fp32 rows into memory of their own.
void keep_copy(const Matrix& x, Buffer& buffer) {
  const Matrix copy = buffer.get(x.rows, x.cols, x.element);
  constexpr std::int64_t kRows = 64;
  parallel_for(static_cast<std::size_t>((x.rows + kRows - 1) / kRows), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * kRows, count = std::min(kRows, x.rows - first);
    std::memcpy(copy.row(first), x.row(first), static_cast<std::size_t>(count * x.cols) * element_size(x.element));
  });
}

bool trains(const BlockContext& c, const Layer& layer, LinearRole role) { return trains(layer[role], c.pass); }

bool needs_input(const BlockContext& c, const Layer& layer, LinearRole role) {
  return needs_input(layer[role], c.pass);
}

}  // namespace

void layer_forward(const BlockContext& c, const Layer& layer, const Matrix& x, LayerState* state, bool keep) {
  if (state != nullptr) {
    state->kept = keep;
    keep_copy(x, state->x);
  }
  AttentionState* const attention = state != nullptr ? &state->attention : nullptr;
  const Matrix attended = attention_forward(c, layer, norm_forward(c, layer[NormRole::kAttention], x), attention, keep);
  Matrix normed;
  if (c.config.parallel_residual) normed = norm_forward(c, layer[NormRole::kMlp], x);
  attention_output(c, layer, attended, x, attention, keep);
  if (!c.config.parallel_residual) {
    if (state != nullptr) keep_copy(x, state->h);
    normed = norm_forward(c, layer[NormRole::kMlp], x);
  }
  mlp_forward(c, layer, normed, x, state != nullptr ? &state->mlp : nullptr, keep);
}

void layer_backward(const BlockContext& c, const Layer& layer, LayerState& state, const Matrix& dx, bool below) {
  const std::int64_t rows = c.pass.rows(), hidden = c.config.hidden_size;
  const bool parallel = c.config.parallel_residual;
  const Norm &attention_norm = layer[NormRole::kAttention], &mlp_norm = layer[NormRole::kMlp];
  const Matrix x = state.x.over(rows, hidden, Element::kFp32);
  const Matrix h = parallel ? x : state.h.over(rows, hidden, Element::kFp32);
  AttentionActivations attention;
  Matrix wide;
  if (state.kept) {
    attention = attention_kept(c, state.attention);
    wide = mlp_kept(c, state.mlp);
  } else {
    attention = attention_recompute(c, layer, norm_forward(c, attention_norm, x), state.attention);
    wide = mlp_recompute(c, layer, norm_forward(c, mlp_norm, h), state.mlp);
  }
  const bool norm_trained = attention_norm.weight.trained();
  const bool through_attention = below || norm_trained || trains(c, layer, LinearRole::kQkv);
  Matrix dattended;
  const auto output_backward = [&] {
    dattended = attention_output_backward(c, layer, attention, state.attention, dx, through_attention);
  };
  if (parallel) output_backward();  // before dx changes

  // Side by side with attention, the MLP passes nothing on to it.
  const bool through_mlp = !parallel || below || trains(c, layer, LinearRole::kMlpInput) ||
                           trains(c, layer, LinearRole::kMlpOutput) || mlp_norm.weight.trained();
  const Matrix dnormed = c.memory.dnormed.get(rows, hidden, c.element());
  if (through_mlp) {
    const Matrix normed = needs_input(c, layer, LinearRole::kMlpInput) ? norm_forward(c, mlp_norm, h) : Matrix{};
    mlp_backward(c, layer, wide, state.mlp, normed, dx, dnormed);
    norm_weight_backward(c.config, mlp_norm, h, dnormed);
    norm_backward(c.config, mlp_norm, h, dnormed, dx);
  }

  if (!parallel) output_backward();
  if (!through_attention) return;
  const Matrix normed = needs_input(c, layer, LinearRole::kQkv) ? norm_forward(c, attention_norm, x) : Matrix{};
  const bool into_norm = below || norm_trained;
  attention_backward(c, layer, attention, state.attention, normed, dattended, into_norm ? &dnormed : nullptr);
  if (into_norm) norm_weight_backward(c.config, attention_norm, x, dnormed);
  if (below) norm_backward(c.config, attention_norm, x, dnormed, dx);
}

bool trains(const Layer& layer, const Pass& pass) {
  return std::any_of(layer.linears.begin(), layer.linears.end(),
                     [&](const Linear& linear) { return trains(linear, pass); });
}

BlockBytes layer_bytes(const ModelConfig& config, std::uint64_t element, bool keeps_attended) {
  const auto hidden = static_cast<std::uint64_t>(config.hidden_size);
  BlockBytes bytes;
  for (const BlockBytes& block : {attention_bytes(config, element, keeps_attended), mlp_bytes(config, element)}) {
    bytes.kept += block.kept;
    bytes.always += block.always;
    bytes.activations += block.activations;
    bytes.gradients += block.gradients;
  }
  bytes.always += 4 * hidden * (config.parallel_residual ? 1 : 2);  // x and h
  bytes.activations += element * hidden;                            // the norms' output, and its gradient
  bytes.gradients += element * hidden;
  return bytes;
}

}  // namespace aacft
