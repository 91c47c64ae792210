#include "aacft/model/rotary.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "aacft/model/ops.h"

namespace aacft {

using torch::Tensor;

namespace {

// As transformers' _compute_llama3_parameters.
Tensor llama3_frequencies(const Tensor& frequencies, const RopeScaling& s) {
  const Tensor wavelengths = 2 * M_PI / frequencies;
  const double longest = s.original_positions / s.low, shortest = s.original_positions / s.high;
  const Tensor slow = at::where(wavelengths > longest, frequencies / s.factor, frequencies);
  const Tensor share = (s.original_positions / wavelengths - s.low) / (s.high - s.low);
  const Tensor between = (1 - share) * slow / s.factor + share * slow;
  return at::where((wavelengths >= shortest).logical_and(wavelengths <= longest), between, slow);
}

}  // namespace

Tensor rotary_frequencies(const ModelConfig& config) {
  const std::int64_t dims = config.rotary_dims();
  const Tensor exponents =
      torch::arange(0, dims, 2).to(torch::kFloat32) / static_cast<float>(std::max<std::int64_t>(dims, 1));
  const Tensor frequencies = 1.0 / at::pow(static_cast<float>(config.rotary_base), exponents);
  if (!config.rope_scaling) return frequencies;
  return config.rope_scaling->kind == RopeScaling::Kind::kLinear
             ? frequencies / config.rope_scaling->factor
             : llama3_frequencies(frequencies, *config.rope_scaling);
}

void extend(RotaryTable& table, const Tensor& frequencies, std::int64_t last) {
  const at::NoGradGuard no_grad;
  // libtorch takes whole vectors of numbers, and another way for all of one that holds a large angle: the bits of a
  // position depend on where it lies in the table. So that has the same order always, and whole vectors only.
  constexpr std::int64_t kBlock = 1024;
  const std::vector<float> wanted(frequencies.data_ptr<float>(), frequencies.data_ptr<float>() + frequencies.numel());
  if (table.frequencies == wanted && last < table.positions) return;
  const std::int64_t before = table.frequencies == wanted ? table.positions : 0;
  table.frequencies = wanted;
  table.positions = std::max(2 * before, (last / kBlock + 1) * kBlock);
  const std::int64_t pairs = frequencies.numel();
  const Tensor angles = torch::arange(table.positions).to(torch::kFloat32).unsqueeze(1) * frequencies.unsqueeze(0);
  Tensor cos = tensor_over(table.cos.get(table.positions, pairs, Element::kFp32));
  Tensor sin = tensor_over(table.sin.get(table.positions, pairs, Element::kFp32));
  at::cos_out(cos, angles);
  at::sin_out(sin, angles);
}

}  // namespace aacft
