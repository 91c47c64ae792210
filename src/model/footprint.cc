#include "aacft/model/footprint.h"

#include <algorithm>

#include "aacft/kernels/packed_weights.h"
#include "aacft/model/backprop.h"
#include "aacft/model/gpt_neox.h"

namespace aacft {
namespace {

WeightType weight_type(Dtype stored) {
  return stored == Dtype::kFloat16    ? WeightType::kFp16
         : stored == Dtype::kBFloat16 ? WeightType::kBf16
                                      : WeightType::kFp32;
}

// Activations in the order that the kernels read them, adapters' and attention's working space, and what libraries take
// once they are used; as measured.
constexpr std::uint64_t kElse = 128u << 20;

}  // namespace

Footprint footprint(const ModelConfig& c, const LoraConfig* lora, const ModelOptions& options, Dtype stored) {
  ModelOptions chosen = options;
  chosen.full = lora == nullptr;
  chosen = with_defaults(chosen);
  const std::uint64_t element = chosen.compute == Compute::kBf16 ? 2 : 4;
  const auto hidden = static_cast<std::uint64_t>(c.hidden_size), wide = static_cast<std::uint64_t>(c.intermediate_size);
  const auto vocab = static_cast<std::uint64_t>(c.vocab_size), heads = static_cast<std::uint64_t>(c.num_heads);
  Footprint f;

  const auto expected = expected_tensors(c);
  for (const auto& [name, shape] : expected) {
    const std::uint64_t count =
        static_cast<std::uint64_t>(shape[0]) * (shape.size() == 2 ? static_cast<std::uint64_t>(shape[1]) : 1);
    if (lora == nullptr) {
      f.trained += 16 * count;  // value, gradient, two moments
    } else if (shape.size() == 1) {
      f.weights += 4 * count;
    } else if (name != "gpt_neox.embed_in.weight") {  // which stays in the file, but for the rows that are used
      const bool head = name == "embed_out.weight";
      f.weights += PackedWeights::bytes(
          shape[0], shape[1],
          head ? head_type(chosen, weight_type(stored)) : chosen.base_weights.value_or(weight_type(stored)));
    }
  }
  if (lora != nullptr && c.tied_embeddings)
    f.weights += PackedWeights::bytes(c.vocab_size, c.hidden_size, head_type(chosen, weight_type(stored)));

  // What the layer with the most adapters keeps: see LayerState and LayerScratch.
  std::uint64_t kept_more = 0;
  for (std::int64_t l = 0; l < c.num_layers; ++l) {
    std::uint64_t here = 0;
    for (const auto& [name, out, in] : linears_of_layer(c, l)) {
      const bool dense = name.ends_with("attention.dense");
      if (lora == nullptr) {
        here += dense ? element * hidden : 0;
      } else if (lora->targets(name)) {
        const auto rank = static_cast<std::uint64_t>(lora->rank_of(name));
        f.trained += 16 * rank * static_cast<std::uint64_t>(in + out);
        here += (dense ? element * hidden : 0) + (lora->dora ? 4 * static_cast<std::uint64_t>(out) : 0);
      }
    }
    kept_more = std::max(kept_more, here);
  }
  f.pass.per_row_recomputed = 4 * hidden * (c.parallel_residual ? 1 : 2) + 4 * heads;
  f.pass.per_row_kept = f.pass.per_row_recomputed + element * (3 * hidden + wide) + kept_more;
  // Of one layer: the norm's output, q k v, attention's output, gelu's input and output; their gradients; and the
  // residual stream with its own.
  f.pass.per_row_working = element * (hidden + 3 * hidden + hidden + 2 * wide) +
                           element * (hidden + 3 * hidden + hidden + wide) + 2 * 4 * hidden;
  f.pass.fixed = 4 * static_cast<std::uint64_t>(kHeadRows) * (vocab + 3 * hidden) + kElse;
  return f;
}

}  // namespace aacft
