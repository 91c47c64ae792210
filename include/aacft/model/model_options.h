// How a model's weights are held and computed with.
#pragma once

#include <optional>

#include "aacft/kernels/matmul.h"

namespace aacft {

struct ModelOptions {
  Compute compute = Compute::kFp32;
  // How the layers' weights rest in memory; by default as stored or, with bf16 arithmetic, as bf16. The head keeps 16
  // bits where these would be fewer.
  std::optional<WeightType> base_weights;
  // Products with quantised weights take activations in 8 bits (kernels/matmul_int8.h); the rest stays as it is. For
  // generating alone: no gradient passes through it.
  bool int8_products = false;
  bool full = false;        // every weight is trained: fp32, with a gradient
  bool verify = false;      // a packed model's checksums are compared first
  bool low_memory = false;  // weights are packed when their layer's turn comes, and dropped after it: slow, but small
};

// With base_weights filled in where the arithmetic decides them. Trained weights are fp32, whatever is asked for.
inline ModelOptions with_defaults(ModelOptions options) {
  if (options.int8_products && !options.base_weights) options.base_weights = WeightType::kInt8;
  if (options.full) options.compute = Compute::kFp32, options.base_weights.reset();
  if (!options.base_weights && options.compute == Compute::kBf16) options.base_weights = WeightType::kBf16;
  return options;
}

// How the head rests: never in fewer than 16 bits.
inline WeightType head_type(const ModelOptions& options, WeightType stored) {
  const WeightType type = with_defaults(options).base_weights.value_or(stored);
  const bool quantised = type == WeightType::kInt8 || type == WeightType::kNf4;
  return !quantised ? type : options.compute == Compute::kBf16 ? WeightType::kBf16 : stored;
}

}  // namespace aacft
