#include "aacft/model/blocks/attention.h"

#include <cstring>

#include "aacft/kernels/attention.h"
#include "aacft/kernels/norm.h"

namespace aacft {
namespace {

const float* fp32(const Buffer& buffer) { return reinterpret_cast<const float*>(buffer.data()); }

// GPT-NeoX packs head by head q, k and v; the others all queries, then all keys, then all values.
template <typename M>
QkvOf<M> heads_of_qkv(const BlockContext& c, const M& qkv) {
  const std::int64_t heads = c.config.num_heads, kv = c.config.kv_heads(), dim = c.config.head_dim();
  if (c.config.qkv_by_head) {
    const auto part = [&](std::int64_t i) { return heads_of(qkv, i * dim, dim, heads, 3 * dim); };
    return {part(0), part(1), part(2)};
  }
  return {heads_of(qkv, 0, dim, heads, dim), heads_of(qkv, heads * dim, dim, kv, dim),
          heads_of(qkv, (heads + kv) * dim, dim, kv, dim)};
}

void turn(const BlockContext& c, const Matrix& qkv, bool inverse) {
  const std::int64_t angles = (c.config.rotary_dims() + 1) / 2;
  const RotaryTable& table = c.memory.rotary;
  rotate(heads_of_qkv(c, qkv), {2 * angles, fp32(table.cos), fp32(table.sin), c.pass.positions.data()}, inverse);
}

// q and k side by side, as they are before their norms.
std::int64_t unnormed_width(const ModelConfig& config) { return config.q_width() + config.kv_width(); }

Matrix unnormed_over(const BlockContext& c, const Buffer& buffer) {
  return buffer.over(c.pass.rows(), unnormed_width(c.config), c.element());
}

// body(norm, heads of x, heads of y) for q and k of two matrices that begin with them.
template <typename Body>
void for_q_and_k(const BlockContext& c, const Layer& layer, const Matrix& x, const Matrix& y, const Body& body) {
  const std::int64_t heads = c.config.num_heads, kv = c.config.kv_heads(), dim = c.config.head_dim();
  body(layer[NormRole::kQuery], heads_of(x, 0, dim, heads, dim), heads_of(y, 0, dim, heads, dim));
  body(layer[NormRole::kKey], heads_of(x, heads * dim, dim, kv, dim), heads_of(y, heads * dim, dim, kv, dim));
}

// In place; `unnormed`, where given, keeps what went in.
void norm_q_and_k(const BlockContext& c, const Layer& layer, const Matrix& qkv, Buffer* unnormed) {
  Matrix x = qkv;
  if (unnormed != nullptr) {
    x = unnormed->get(qkv.rows, unnormed_width(c.config), qkv.element);
    tensor_over(x).copy_(tensor_over(columns_of(qkv, 0, x.cols)));
  }
  for_q_and_k(c, layer, x, qkv, [&](const Norm& norm, const Heads& from, const Heads& to) {
    rms_norm(from, norm.weight.value.data_ptr<float>(), static_cast<float>(c.config.norm_eps), to);
  });
}

void norm_q_and_k_backward(const BlockContext& c, const Layer& layer, const Matrix& unnormed, const Matrix& dqkv) {
  const auto eps = static_cast<float>(c.config.norm_eps);
  for_q_and_k(c, layer, unnormed, dqkv, [&](const Norm& norm, const Heads& x, const Heads& dy) {
    if (norm.weight.trained()) rms_norm_weight_grad(x, eps, dy, norm.weight.grad.data_ptr<float>());
    rms_norm_backward(x, norm.weight.value.data_ptr<float>(), eps, dy, dy, false);
  });
}

Matrix qkv_of(const BlockContext& c, const Layer& layer, const Matrix& normed, Buffer& where, LinearState* state,
              Buffer* unnormed) {
  const Linear& module = layer[LinearRole::kQkv];
  const Matrix y = where.get(c.pass.rows(), module.out, c.element());
  linear(c, normed, module, y, false, state);
  if (c.config.qk_norm) norm_q_and_k(c, layer, y, unnormed);
  turn(c, y, false);
  return y;
}

Matrix attended_of(const BlockContext& c, const Matrix& qkv, Buffer& where, float* log_sums) {
  const Matrix y = where.get(c.pass.rows(), c.config.q_width(), c.element());
  attention(heads_of_qkv(c, qkv), c.pass.attention_segments(c.layer), y, log_sums);
  return y;
}

float* log_sums_of(const BlockContext& c, AttentionState& state) {
  return state.log_sums.floats(c.pass.rows() * c.config.num_heads);
}

// Keys and values of the pass's tokens behind those that the caches hold.
void append_to_caches(const BlockContext& c, const Matrix& qkv) {
  const Qkv heads = heads_of_qkv(c, qkv);
  const std::size_t bytes = static_cast<std::size_t>(heads.k.first.cols) * element_size(qkv.element);
  for_each_segment(c.pass, [&](std::size_t i) {
    const KvCache& cache = *c.pass.caches[i];
    for (std::int64_t head = 0; head < heads.k.count; ++head) {
      const Matrix k = heads.k[head], v = heads.v[head];
      for (std::int64_t row = c.pass.offsets[i]; row < c.pass.offsets[i + 1]; ++row) {
        const std::int64_t position = c.pass.positions[static_cast<std::size_t>(row)];
        const std::size_t at = static_cast<std::size_t>(head * cache.capacity() + position) * bytes;
        std::memcpy(cache.keys(c.layer) + at, k.row(row), bytes);
        std::memcpy(cache.values(c.layer) + at, v.row(row), bytes);
      }
    }
  });
}

}  // namespace

Matrix attention_forward(const BlockContext& c, const Layer& layer, const Matrix& normed, AttentionState* state,
                         bool keep) {
  const Matrix qkv = qkv_of(c, layer, normed, keep ? state->qkv : c.memory.qkv, keep ? &state->qkv_linear : nullptr,
                            keep ? &state->unnormed : nullptr);
  if (!c.pass.caches.empty()) append_to_caches(c, qkv);
  const bool keeps_input = keep && needs_input(layer[LinearRole::kAttentionOutput], c.pass);
  return attended_of(c, qkv, keeps_input ? state->attended : c.memory.attended,
                     state != nullptr ? log_sums_of(c, *state) : nullptr);
}

void attention_output(const BlockContext& c, const Layer& layer, const Matrix& attended, const Matrix& x,
                      AttentionState* state, bool keep) {
  linear(c, attended, layer[LinearRole::kAttentionOutput], x, true, keep ? &state->output_linear : nullptr);
}

AttentionActivations attention_kept(const BlockContext& c, const AttentionState& state) {
  const std::int64_t rows = c.pass.rows(), q = c.config.q_width();
  return {state.qkv.over(rows, q + 2 * c.config.kv_width(), c.element()), unnormed_over(c, state.unnormed),
          state.attended.over(rows, q, c.element())};
}

AttentionActivations attention_recompute(const BlockContext& c, const Layer& layer, const Matrix& normed,
                                         AttentionState& state) {
  const Linear& output = layer[LinearRole::kAttentionOutput];
  AttentionActivations a;
  a.qkv = qkv_of(c, layer, normed, c.memory.qkv, &state.qkv_linear, &c.memory.unnormed);
  a.unnormed = unnormed_over(c, c.memory.unnormed);
  if (needs_input(output, c.pass)) a.attended = attended_of(c, a.qkv, c.memory.attended, log_sums_of(c, state));
  if (has_dora(output, c.pass))  // for its state alone
    linear(c, a.attended, output, c.memory.dnormed.get(c.pass.rows(), output.out, Element::kFp32), false,
           &state.output_linear);
  return a;
}

Matrix attention_output_backward(const BlockContext& c, const Layer& layer, const AttentionActivations& kept,
                                 const AttentionState& state, const Matrix& dx, bool further) {
  const Linear& output = layer[LinearRole::kAttentionOutput];
  const Matrix dattended = c.memory.dattended.get(c.pass.rows(), output.in, c.element());
  linear_backward(c, kept.attended, output, dx, further ? &dattended : nullptr, false, state.output_linear);
  return dattended;
}

void attention_backward(const BlockContext& c, const Layer& layer, const AttentionActivations& kept,
                        AttentionState& state, const Matrix& normed, const Matrix& dattended, const Matrix* dnormed) {
  const Linear& module = layer[LinearRole::kQkv];
  const Matrix dqkv = c.memory.dqkv.get(c.pass.rows(), module.out, c.element());
  attention_backward(heads_of_qkv(c, kept.qkv), c.pass.attention_segments(c.layer), log_sums_of(c, state), dattended,
                     heads_of_qkv(c, dqkv));
  turn(c, dqkv, true);
  if (c.config.qk_norm) norm_q_and_k_backward(c, layer, kept.unnormed, dqkv);
  linear_backward(c, normed, module, dqkv, dnormed, false, state.qkv_linear);
}

BlockBytes attention_bytes(const ModelConfig& config, std::uint64_t element, bool keeps_input) {
  const auto q = static_cast<std::uint64_t>(config.q_width()), kv = static_cast<std::uint64_t>(config.kv_width());
  const std::uint64_t qkv = q + 2 * kv, unnormed = config.qk_norm ? q + kv : 0;
  BlockBytes bytes;
  bytes.always = 4 * static_cast<std::uint64_t>(config.num_heads);
  bytes.kept = element * (qkv + unnormed + (keeps_input ? q : 0));
  bytes.activations = element * (qkv + unnormed + q);
  bytes.gradients = element * (qkv + q);
  return bytes;
}

}  // namespace aacft
