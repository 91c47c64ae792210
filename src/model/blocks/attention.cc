#include "aacft/model/blocks/attention.h"

#include <cstring>

#include "aacft/kernels/attention.h"

namespace aacft {
namespace {

// Head by head q, k and v side by side.
template <typename M>
QkvOf<M> heads_of_qkv(const BlockContext& c, const M& qkv) {
  const std::int64_t heads = c.config.num_heads, dim = c.config.head_dim();
  const auto part = [&](std::int64_t i) { return heads_of(qkv, i * dim, dim, heads, 3 * dim); };
  return {part(0), part(1), part(2)};
}

void turn(const BlockContext& c, const Matrix& qkv, bool inverse) {
  const RotaryTable& table = c.rotary;
  rotate(heads_of_qkv(c, qkv),
         {2 * table.cos.size(1), table.cos.data_ptr<float>(), table.sin.data_ptr<float>(), c.pass.positions.data()},
         inverse);
}

Matrix qkv_of(const BlockContext& c, const Layer& layer, const Matrix& normed, Buffer& where, LinearState* state) {
  const Linear& module = layer[LinearRole::kQkv];
  const Matrix y = where.get(c.pass.rows(), module.out, c.element());
  linear(c, normed, module, y, false, state);
  turn(c, y, false);
  return y;
}

Matrix attended_of(const BlockContext& c, const Matrix& qkv, Buffer& where, float* log_sums) {
  const Matrix y = where.get(c.pass.rows(), c.config.hidden_size, c.element());
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
  const Matrix qkv = qkv_of(c, layer, normed, keep ? state->qkv : c.memory.qkv, keep ? &state->qkv_linear : nullptr);
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
  const std::int64_t rows = c.pass.rows(), hidden = c.config.hidden_size;
  return {state.qkv.over(rows, 3 * hidden, c.element()), state.attended.over(rows, hidden, c.element())};
}

AttentionActivations attention_recompute(const BlockContext& c, const Layer& layer, const Matrix& normed,
                                         AttentionState& state) {
  const Linear& output = layer[LinearRole::kAttentionOutput];
  AttentionActivations a;
  a.qkv = qkv_of(c, layer, normed, c.memory.qkv, &state.qkv_linear);
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
  linear_backward(c, normed, module, dqkv, dnormed, false, state.qkv_linear);
}

BlockBytes attention_bytes(const ModelConfig& config, std::uint64_t element, bool keeps_input) {
  const auto hidden = static_cast<std::uint64_t>(config.hidden_size), qkv = 3 * hidden;
  BlockBytes bytes;
  bytes.always = 4 * static_cast<std::uint64_t>(config.num_heads);
  bytes.kept = element * (qkv + (keeps_input ? hidden : 0));
  bytes.activations = bytes.gradients = element * (qkv + hidden);
  return bytes;
}

}  // namespace aacft
