#include "kernels/vector/peak.h"

#include "kernels/vector/simd.h"

namespace aacft::AACFT_TIER {
namespace {

// Enough to hide the latency of an instruction behind the others', and no more than there are registers.
constexpr int kSums = kWidth == 16 ? 24 : 12;

float multiply_adds(std::int64_t rounds, const std::byte* operands) {
  const float* x = reinterpret_cast<const float*>(operands);
  const Floats factors[2] = {load(x), load(x + kWidth)}, term = load(x + 2 * kWidth);
  Floats sums[kSums];
#pragma GCC unroll 24
  for (int i = 0; i < kSums; ++i) sums[i] = load(x + (3 + i) * kWidth);
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 24
    for (int i = 0; i < kSums; ++i) sums[i] = sums[i] * factors[i % 2] + term;
  }
  Floats total{};
#pragma GCC unroll 24
  for (int i = 0; i < kSums; ++i) total += sums[i];
  return total[0];
}

float read(const std::byte* p, std::size_t bytes) {
  constexpr std::size_t kAhead = 2048, kLine = 64, kSumsOfRead = 8;
  Floats sums[kSumsOfRead] = {};
  for (std::size_t at = 0; at < bytes; at += kReadBytes) {
#pragma GCC unroll 8
    for (std::size_t line = 0; line < kReadBytes; line += kLine) __builtin_prefetch(p + at + kAhead + line);
#pragma GCC unroll 32
    for (std::size_t i = 0; i < kReadBytes / sizeof(Floats); ++i)
      sums[i % kSumsOfRead] += load(reinterpret_cast<const float*>(p + at + i * sizeof(Floats)));
  }
  Floats total{};
  for (const Floats& sum : sums) total += sum;
  return total[0];
}

}  // namespace

extern const PeakTable peak_table = {{2.0 * kSums * kWidth, multiply_adds}, read};

}  // namespace aacft::AACFT_TIER
