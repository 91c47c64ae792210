#include "aacft/model/layer.h"

#include <torch/types.h>

#include <cstring>

#include "aacft/base/threads.h"
#include "aacft/kernels/activation.h"
#include "aacft/kernels/norm.h"

namespace aacft {
namespace {

const float* floats(const Parameter& parameter) {
  return parameter.value.defined() ? parameter.value.data_ptr<float>() : nullptr;
}

bool trains(const Linear& linear) {
  return linear.weight.trained() || (linear.lora != nullptr && linear.lora->a.trained());
}

bool has_dora(const Linear& linear) { return linear.lora != nullptr && linear.lora->dora(); }

// fp32 rows into memory of their own.
void keep_copy(const Matrix& x, Buffer& buffer) {
  const Matrix copy = buffer.get(x.rows, x.cols, x.element);
  constexpr std::int64_t kRows = 64;
  parallel_for(static_cast<std::size_t>((x.rows + kRows - 1) / kRows), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * kRows, count = std::min(kRows, x.rows - first);
    std::memcpy(copy.row(first), x.row(first), static_cast<std::size_t>(count * x.cols) * element_size(x.element));
  });
}

Matrix over(const Buffer& buffer, std::int64_t rows, std::int64_t cols, Element element) {
  return {buffer.data(), element, rows, cols, cols};
}

// q, k and v, of qkv that has them side by side for each head.
template <typename M>
QkvOf<M> heads_of_qkv(const LayerContext& c, const M& qkv) {
  const std::int64_t heads = c.config.num_heads, dim = c.config.head_dim();
  const auto part = [&](std::int64_t i) { return heads_of(qkv, i * dim, dim, heads, 3 * dim); };
  return {part(0), part(1), part(2)};
}

// The parts of a layer, for its forward pass and for computing it again.
class Forward {
 public:
  Forward(const LayerContext& context, std::size_t index, const Layer& layer) : c_(context), index_(index), m_(layer) {
    rows_ = c_.pass.rows();
  }

  Matrix normed(const Matrix& x, const LayerNorm& norm) const {
    const Matrix y = c_.scratch.normed.get(rows_, c_.config.hidden_size, c_.element());
    layer_norm(x, floats(norm.weight), floats(norm.bias), static_cast<float>(c_.config.layer_norm_eps), y);
    return y;
  }

  Matrix qkv(const Matrix& x, Buffer& where, LinearState* state) const {
    const Matrix y = where.get(rows_, 3 * c_.config.hidden_size, c_.element());
    linear(normed(x, m_.input_layernorm), m_.query_key_value, c_.pass, c_.compute, y, false, state);
    turn(y, false);
    return y;
  }

  void turn(const Matrix& y, bool inverse) const {
    rotate(heads_of_qkv(c_, y),
           {2 * c_.rotary.cos.size(1), c_.rotary.cos.data_ptr<float>(), c_.rotary.sin.data_ptr<float>(),
            c_.pass.positions.data()},
           inverse);
  }

  Matrix attended(const Matrix& qkv, Buffer& where, float* log_sums) const {
    const Matrix y = where.get(rows_, c_.config.hidden_size, c_.element());
    attention(heads_of_qkv(c_, qkv), c_.pass.attention_segments(index_), y, log_sums);
    return y;
  }

  Matrix wide(const Matrix& normed, Buffer& where, LinearState* state) const {
    const Matrix y = where.get(rows_, c_.config.intermediate_size, c_.element());
    linear(normed, m_.dense_h_to_4h, c_.pass, c_.compute, y, false, state);
    return y;
  }

  Matrix gated(const Matrix& wide) const {
    const Matrix y = c_.scratch.gated.get(rows_, wide.cols, c_.element());
    gelu(wide, kind(), y);
    return y;
  }

  GeluKind kind() const { return c_.config.activation == Activation::kGeluTanh ? GeluKind::kTanh : GeluKind::kErf; }

 private:
  const LayerContext& c_;
  std::size_t index_;
  const Layer& m_;
  std::int64_t rows_ = 0;
};

// Keys and values of the pass's rows behind those that the caches hold.
void append_to_caches(const LayerContext& c, std::size_t layer, const Matrix& qkv) {
  const std::int64_t heads = c.config.num_heads, dim = c.config.head_dim();
  const std::size_t bytes = static_cast<std::size_t>(dim) * element_size(qkv.element);
  for_each_sequence(c.pass, [&](std::size_t i) {
    KvCache& cache = *c.pass.caches[i];
    for (std::int64_t row = c.pass.offsets[i]; row < c.pass.offsets[i + 1]; ++row)
      for (std::int64_t head = 0; head < heads; ++head) {
        const std::byte* k = qkv.row(row) + static_cast<std::size_t>(3 * head + 1) * bytes;
        const std::size_t at =
            static_cast<std::size_t>(head * cache.capacity + c.pass.positions[static_cast<std::size_t>(row)]) * bytes;
        std::memcpy(cache.keys[layer].data() + at, k, bytes);
        std::memcpy(cache.values[layer].data() + at, k + bytes, bytes);
      }
  });
}

// What a layer's backward pass reads besides its state's x and h.
struct Activations {
  Matrix qkv, attended, wide;
};

Activations kept_activations(const LayerContext& c, const LayerState& state) {
  const std::int64_t rows = c.pass.rows(), hidden = c.config.hidden_size;
  return {over(state.qkv, rows, 3 * hidden, c.element()), over(state.attended, rows, hidden, c.element()),
          over(state.wide, rows, c.config.intermediate_size, c.element())};
}

// All but what nothing in the backward pass looks at: attention and dense where dense is frozen, and dense_4h_to_h.
Activations recomputed_activations(const LayerContext& c, std::size_t index, const Layer& m, LayerState& state,
                                   const Matrix& x, const Matrix& h) {
  const Forward forward(c, index, m);
  LayerScratch& s = c.scratch;
  Activations a;
  a.qkv = forward.qkv(x, s.qkv, &state.states[0]);
  // Outputs that only DoRA's z is wanted of.
  const Matrix unused = s.dnormed.get(x.rows, x.cols, Element::kFp32);
  if (needs_input(m.dense))
    a.attended = forward.attended(a.qkv, s.attended, state.log_sums.floats(x.rows * c.config.num_heads));
  if (has_dora(m.dense)) linear(a.attended, m.dense, c.pass, c.compute, unused, false, &state.states[1]);
  a.wide = forward.wide(forward.normed(h, m.post_attention_layernorm), s.wide, &state.states[2]);
  if (has_dora(m.dense_4h_to_h))
    linear(forward.gated(a.wide), m.dense_4h_to_h, c.pass, c.compute, unused, false, &state.states[3]);
  return a;
}

}  // namespace

void layer_forward(const LayerContext& c, std::size_t index, const Layer& m, const Matrix& x, LayerState* state,
                   bool keep) {
  const Forward forward(c, index, m);
  LayerScratch& s = c.scratch;
  const auto linear_state = [&](int which) { return keep ? &state->states[which] : nullptr; };
  float* log_sums = nullptr;
  if (state != nullptr) {
    state->kept = keep;
    keep_copy(x, state->x);
    log_sums = state->log_sums.floats(x.rows * c.config.num_heads);
  }

  const Matrix qkv = forward.qkv(x, keep ? state->qkv : s.qkv, linear_state(0));
  if (!c.pass.caches.empty()) append_to_caches(c, index, qkv);
  const Matrix attended = forward.attended(qkv, keep && needs_input(m.dense) ? state->attended : s.attended, log_sums);

  Matrix normed;
  if (c.config.parallel_residual) normed = forward.normed(x, m.post_attention_layernorm);
  linear(attended, m.dense, c.pass, c.compute, x, true, linear_state(1));
  if (!c.config.parallel_residual) {
    if (state != nullptr) keep_copy(x, state->h);
    normed = forward.normed(x, m.post_attention_layernorm);
  }
  const Matrix wide = forward.wide(normed, keep ? state->wide : s.wide, linear_state(2));
  linear(forward.gated(wide), m.dense_4h_to_h, c.pass, c.compute, x, true, linear_state(3));
}

void layer_backward(const LayerContext& c, std::size_t index, Layer& m, LayerState& state, const Matrix& dx,
                    bool below) {
  const Forward forward(c, index, m);
  LayerScratch& s = c.scratch;
  const std::int64_t rows = c.pass.rows(), hidden = c.config.hidden_size;
  const auto eps = static_cast<float>(c.config.layer_norm_eps);
  const Matrix x = over(state.x, rows, hidden, Element::kFp32);
  const Matrix h = c.config.parallel_residual ? x : over(state.h, rows, hidden, Element::kFp32);
  const Activations a = state.kept ? kept_activations(c, state) : recomputed_activations(c, index, m, state, x, h);

  const bool norm_trained = m.input_layernorm.weight.trained();
  const bool through_attention = below || norm_trained || trains(m.query_key_value);
  const Matrix dattended = s.dattended.get(rows, hidden, c.element());
  const auto dense_backward = [&] {
    linear_backward(a.attended, m.dense, c.pass, c.compute, dx, through_attention ? &dattended : nullptr, false,
                    state.states[1]);
  };
  const auto norm_backward = [&](LayerNorm& norm, const Matrix& input, const Matrix& dy, bool into_dx) {
    if (norm.weight.trained())
      layer_norm_weight_grad(input, eps, dy, norm.weight.grad.data_ptr<float>(), norm.bias.grad.data_ptr<float>());
    if (into_dx) layer_norm_backward(input, floats(norm.weight), eps, dy, dx);
  };

  if (c.config.parallel_residual) dense_backward();  // before dx changes

  // Side by side with attention, the MLP passes nothing on to it.
  const bool through_mlp = !c.config.parallel_residual || below || trains(m.dense_h_to_4h) || trains(m.dense_4h_to_h) ||
                           m.post_attention_layernorm.weight.trained();
  const Matrix dnormed = s.dnormed.get(rows, hidden, c.element());
  if (through_mlp) {
    const Matrix gated = needs_input(m.dense_4h_to_h) ? forward.gated(a.wide) : Matrix{};
    const Matrix dwide = s.dwide.get(rows, c.config.intermediate_size, c.element());
    linear_backward(gated, m.dense_4h_to_h, c.pass, c.compute, dx, &dwide, false, state.states[3]);
    gelu_backward(a.wide, forward.kind(), dwide, dwide);
    const Matrix normed = needs_input(m.dense_h_to_4h) ? forward.normed(h, m.post_attention_layernorm) : Matrix{};
    linear_backward(normed, m.dense_h_to_4h, c.pass, c.compute, dwide, &dnormed, false, state.states[2]);
    norm_backward(m.post_attention_layernorm, h, dnormed, true);
  }

  if (!c.config.parallel_residual) dense_backward();
  if (!through_attention) return;

  const Matrix dqkv = s.dqkv.get(rows, 3 * hidden, c.element());
  attention_backward(heads_of_qkv(c, a.qkv), c.pass.attention_segments(index),
                     state.log_sums.floats(rows * c.config.num_heads), dattended, heads_of_qkv(c, dqkv));
  forward.turn(dqkv, true);
  const Matrix normed_x = needs_input(m.query_key_value) ? forward.normed(x, m.input_layernorm) : Matrix{};
  const bool into_norm = below || norm_trained;
  linear_backward(normed_x, m.query_key_value, c.pass, c.compute, dqkv, into_norm ? &dnormed : nullptr, false,
                  state.states[0]);
  if (into_norm) norm_backward(m.input_layernorm, x, dnormed, below);
}

}  // namespace aacft
