#include "aacft/model/blocks/mlp.h"

#include "aacft/kernels/activation.h"

namespace aacft {
namespace {

// Of the activation's input.
std::int64_t wide_width(const ModelConfig& config) {
  return config.intermediate_size * (config.activation == Activation::kSwiGlu ? 2 : 1);
}

GeluKind kind_of(const BlockContext& c) {
  return c.config.activation == Activation::kGeluTanh ? GeluKind::kTanh : GeluKind::kErf;
}

Matrix wide_of(const BlockContext& c, const Layer& layer, const Matrix& normed, Buffer& where, LinearState* state) {
  const Linear& input = layer[LinearRole::kMlpInput];
  const Matrix y = where.get(c.pass.rows(), input.out, c.element());
  linear(c, normed, input, y, false, state);
  return y;
}

bool is_gated(const ModelConfig& config) { return config.activation == Activation::kSwiGlu; }

Matrix activated(const BlockContext& c, const Matrix& wide) {
  const Matrix y = c.memory.gated.get(wide.rows, c.config.intermediate_size, c.element());
  if (is_gated(c.config)) {
    swiglu(wide, y);
  } else {
    gelu(wide, kind_of(c), y);
  }
  return y;
}

// The gradient of the activation's input, which takes the input's place.
void activation_backward(const BlockContext& c, const Matrix& wide, const Matrix& dgated) {
  if (is_gated(c.config)) {
    swiglu_backward(wide, dgated, wide);
  } else {
    gelu_backward(wide, kind_of(c), dgated, wide);
  }
}

}  // namespace

void mlp_forward(const BlockContext& c, const Layer& layer, const Matrix& normed, const Matrix& x, MlpState* state,
                 bool keep) {
  const Matrix wide =
      wide_of(c, layer, normed, keep ? state->wide : c.memory.wide, keep ? &state->input_linear : nullptr);
  linear(c, activated(c, wide), layer[LinearRole::kMlpOutput], x, true, keep ? &state->output_linear : nullptr);
}

Matrix mlp_kept(const BlockContext& c, const MlpState& state) {
  return state.wide.over(c.pass.rows(), wide_width(c.config), c.element());
}

Matrix mlp_recompute(const BlockContext& c, const Layer& layer, const Matrix& normed, MlpState& state) {
  const Linear& output = layer[LinearRole::kMlpOutput];
  const Matrix wide = wide_of(c, layer, normed, c.memory.wide, &state.input_linear);
  if (has_dora(output, c.pass))  // for its state alone
    linear(c, activated(c, wide), output, c.memory.dnormed.get(c.pass.rows(), output.out, Element::kFp32), false,
           &state.output_linear);
  return wide;
}

void mlp_backward(const BlockContext& c, const Layer& layer, const Matrix& wide, const MlpState& state,
                  const Matrix& normed, const Matrix& dx, const Matrix& dnormed) {
  const Linear &input = layer[LinearRole::kMlpInput], &output = layer[LinearRole::kMlpOutput];
  const Matrix gated = needs_input(output, c.pass) ? activated(c, wide) : Matrix{};
  const Matrix dgated = c.memory.dgated.get(wide.rows, c.config.intermediate_size, c.element());
  linear_backward(c, gated, output, dx, &dgated, false, state.output_linear);
  activation_backward(c, wide, dgated);
  linear_backward(c, normed, input, wide, &dnormed, false, state.input_linear);
}

BlockBytes mlp_bytes(const ModelConfig& config, std::uint64_t element) {
  const std::uint64_t wide = element * static_cast<std::uint64_t>(wide_width(config)),
                      gated = element * static_cast<std::uint64_t>(config.intermediate_size);
  return {.kept = wide, .always = 0, .activations = wide + gated, .gradients = gated};
}

}  // namespace aacft
