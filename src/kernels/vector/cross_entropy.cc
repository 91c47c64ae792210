#include "kernels/vector/cross_entropy.h"

#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

constexpr std::int64_t kStep = 4 * kWidth;
constexpr std::int64_t kChunk = 2048;  // values that are summed in fp32
static_assert(kChunk % kStep == 0);

float largest(const float* x, std::int64_t cols) {
  const float lowest = -__builtin_inff();
  Floats best[4];
  for (Floats& b : best) b = splat(lowest);
  for (std::int64_t i = 0; i < cols; i += kStep) {
    for (int part = 0; part < 4; ++part) {
      const std::int64_t at = i + part * kWidth;
      best[part] = maximum(within(at, cols, load(x, at, cols), lowest), best[part]);  // leaves NaN out
    }
  }
  return maximum(maximum(maximum(best[0], best[1]), maximum(best[2], best[3])));
}

double exponentials(const float* x, float largest, std::int64_t cols, float* y) {
  double sum = 0;
  for (std::int64_t first = 0; first < cols; first += kChunk) {
    const std::int64_t end = first + kChunk < cols ? first + kChunk : cols;
    Sum chunk;
    for (std::int64_t i = first; i < end; i += kStep) {
      for (int part = 0; part < 4; ++part) {
        const std::int64_t at = i + part * kWidth;
        const Floats e = exponential(load(x, at, end) - largest);
        chunk.parts[part] += within(at, end, e);
        if (y != nullptr) store(y, at, end, e);
      }
    }
    sum += static_cast<double>(total(chunk));
  }
  return sum;
}

void scale(float* x, float factor, std::int64_t cols) {
  for (std::int64_t i = 0; i < cols; i += kWidth) store(x, i, cols, load(x, i, cols) * factor);
}

}  // namespace

extern const CrossEntropyTable cross_entropy_table = {largest, exponentials, scale};

}  // namespace aacft::AACFT_TIER
