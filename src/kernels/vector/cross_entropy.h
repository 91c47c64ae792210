// The leaf functions of cross-entropy: one row of logits.
#pragma once

#include <cstdint>

namespace aacft {

struct CrossEntropyTable {
  float (*largest)(const float* x, std::int64_t cols);
  // The sum of exp(x - largest); these go to y, where given, which may be x.
  double (*exponentials)(const float* x, float largest, std::int64_t cols, float* y);
  void (*scale)(float* x, float factor, std::int64_t cols);
};

}  // namespace aacft
