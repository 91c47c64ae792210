// What all tiers share, seen at the width of the lowest one; the kernels' tests see the others.
#define AACFT_TIER simd_test
#include "../../src/kernels/vector/simd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/buffer.h"

namespace aacft::simd_test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

float from_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

TEST(Simd, Exponential) {
  double worst = 0;
  for (double x = -87.25; x < 88.7; x += 1e-4) {
    const auto input = static_cast<float>(x);
    const double expected = std::exp(static_cast<double>(input));
    worst = std::max(worst, std::abs(static_cast<double>(exponential(splat(input))[0]) / expected - 1));
  }
  EXPECT_LT(worst, 0x1p-23);
  EXPECT_EQ(exponential(splat(0.0f))[0], 1);
  for (const float x : {-87.4f, -100.0f, -1e4f, -1e38f, -kInfinity}) EXPECT_EQ(exponential(splat(x))[0], 0) << x;
  for (const float x : {88.8f, 100.0f, 1e4f, 1e38f, kInfinity}) EXPECT_EQ(exponential(splat(x))[0], kInfinity) << x;
  EXPECT_TRUE(std::isnan(exponential(splat(std::nanf("")))[0]));
}

// Every upper half with lower halves around the middle.
TEST(Simd, Bf16) {
  for (std::uint32_t upper = 0; upper < 0x10000; ++upper)
    for (const std::uint32_t lower : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      const float x = from_bits(upper << 16 | lower);
      std::uint16_t stored[kWidth];
      store_bf16(stored, splat(x));
      ASSERT_EQ(stored[0], to_bf16(x)) << x;
      const float back = widen(stored[0]);
      ASSERT_EQ(load_bf16(stored)[0] == back, back == back);
      if (std::isnan(x)) {
        ASSERT_TRUE(std::isnan(back));
      } else if (std::isnormal(x) && std::abs(x) < 3e38f) {
        ASSERT_EQ(static_cast<double>(back), rounded_to_bf16(static_cast<double>(x)));
      } else if (std::isinf(x)) {
        ASSERT_EQ(back, x);
      }
    }
  EXPECT_EQ(widen(to_bf16(std::numeric_limits<float>::max())), kInfinity);
}

TEST(Simd, Reductions) {
  Floats x;
  for (int i = 0; i < kWidth; ++i) x[i] = static_cast<float>(i % 3 * 2 - i);
  float expected_sum = 0, expected_maximum = -kInfinity;
  for (int i = 0; i < kWidth; ++i) {
    expected_sum += x[i];
    expected_maximum = std::max(expected_maximum, x[i]);
  }
  EXPECT_EQ(sum(x), expected_sum);
  EXPECT_EQ(maximum(x), expected_maximum);
}

TEST(Simd, TheEndOfARow) {
  for (const Element element : kElements) {
    const std::int64_t size = kWidth + 3;
    Buffer row(1, size, element), copy(1, size, element);
    row.fill_normal(1);
    auto* from = static_cast<const std::byte*>(row.matrix().data);
    auto* to = static_cast<std::byte*>(copy.matrix().data);
    for (std::int64_t i = 0; i < size + kWidth; i += kWidth) {
      const Floats x = load(from, element, i, size), kept = within(i, size, splat(2.0f), 7);
      for (int lane = 0; lane < kWidth; ++lane) {
        const bool inside = i + lane < size;
        EXPECT_EQ(static_cast<double>(x[lane]), inside ? row.at(0, i + lane) : 0);
        EXPECT_EQ(kept[lane], inside ? 2 : 7);
      }
      store(to, element, i, size, x);
    }
    EXPECT_EQ(row, copy);
  }
}

}  // namespace
}  // namespace aacft::simd_test
