#include "aacft/model/footprint.h"

#include <algorithm>

#include "aacft/kernels/packed_weights.h"
#include "aacft/model/backprop.h"
#include "aacft/model/family.h"

namespace aacft {
namespace {

WeightType weight_type(Dtype stored) {
  return stored == Dtype::kFloat16    ? WeightType::kFp16
         : stored == Dtype::kBFloat16 ? WeightType::kBf16
                                      : WeightType::kFp32;
}

// What no block's sum counts: activations packed in the order that the kernels read them (of the widest linear: 26 MB
// for 1,280 tokens of a 3B model in bf16), each thread's panels of weights and blocks of attention, an adapter's A x,
// and what libtorch and BLAS take at their first use. Measured with pythia-70m: 65 MB in bf16, 91 MB in fp32; the rest
// is room for wider models.
constexpr std::uint64_t kKernelsAndLibraries = 128u << 20;

}  // namespace

Footprint footprint(const ModelConfig& c, const LoraConfig* wanted, const ModelOptions& options, Dtype stored) {
  const std::optional<LoraConfig> with = wanted != nullptr ? std::optional(with_targets(*wanted, c)) : std::nullopt;
  const LoraConfig* const lora = with ? &*with : nullptr;
  ModelOptions chosen = options;
  chosen.full = lora == nullptr;
  chosen = with_defaults(chosen);
  const std::uint64_t element = chosen.compute == Compute::kBf16 ? 2 : 4;
  const auto hidden = static_cast<std::uint64_t>(c.hidden_size), vocab = static_cast<std::uint64_t>(c.vocab_size);
  Footprint f;

  for (const ModelTensor& tensor : tensors_of(c)) {
    const bool matrix = tensor.shape.size() == 2;
    const std::uint64_t count =
        static_cast<std::uint64_t>(tensor.shape[0]) * (matrix ? static_cast<std::uint64_t>(tensor.shape[1]) : 1);
    if (lora == nullptr) {
      f.trained += 16 * count;  // value, gradient, two moments
    } else if (!matrix) {
      f.weights += 4 * count;
    }
  }
  if (lora != nullptr) {  // the embedding stays in the file, but for the rows that are used
    for (std::int64_t l = 0; l < c.num_layers; ++l)
      for (const LinearShape& linear : family_of(c).layer(c, l).linears)
        f.weights += PackedWeights::bytes(linear.out(), linear.in, chosen.base_weights.value_or(weight_type(stored)));
    f.weights += PackedWeights::bytes(c.vocab_size, c.hidden_size, head_type(chosen, weight_type(stored)));
  }

  // What the layer with the most adapters keeps.
  std::uint64_t kept = 0;
  for (std::int64_t l = 0; l < c.num_layers; ++l) {
    bool keeps_attended = lora == nullptr;
    std::uint64_t dora_states = 0;
    const LayerShape layer = family_of(c).layer(c, l);
    for (std::size_t role = 0; role < kLinearRoles; ++role)
      for (const PartShape& part : layer.linears[role].parts) {
        if (lora == nullptr || !lora->targets(part.name)) continue;
        const auto rank = static_cast<std::uint64_t>(lora->rank_of(part.name));
        f.trained += 16 * rank * static_cast<std::uint64_t>(layer.linears[role].in + part.out);
        keeps_attended |= static_cast<LinearRole>(role) == LinearRole::kAttentionOutput;
        if (lora->dora) dora_states += 4 * static_cast<std::uint64_t>(part.out);
      }
    kept = std::max(kept, layer_bytes(c, element, keeps_attended).kept + dora_states);
  }
  const BlockBytes layer = layer_bytes(c, element, false);
  f.pass.per_token_recomputed = layer.always;
  f.pass.per_token_kept = layer.always + kept;
  f.pass.per_token_working =
      layer.activations + layer.gradients + 2 * 4 * hidden;  // and the residual stream with its own
  f.pass.fixed = 4 * static_cast<std::uint64_t>(kHeadTokens) * (vocab + 3 * hidden) + kKernelsAndLibraries;
  return f;
}

}  // namespace aacft
