#include "aacft/kernels/matmul_int8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../../src/kernels/int8_tier.h"
#include "kernels/buffer.h"

namespace aacft {

#if defined(__x86_64__)
namespace avx512 {
extern const Int8Table int8_table;
}
#endif
#ifdef AACFT_EMULATED
namespace emulated_avx512vnni {
extern const Int8Table int8_table;
}
#endif

namespace {

constexpr WeightType kQuantised[] = {WeightType::kInt8, WeightType::kNf4};

struct Tier {
  std::string name;
  Isa isa;                           // that it needs
  const Int8Table* table = nullptr;  // else isa() chooses
};

std::vector<Tier> tiers() {
  std::vector<Tier> tiers;
  for (const Isa isa : available_isas()) {
    tiers.push_back({std::string(isa_name(isa)), isa});
    std::erase(tiers.back().name, '-');
  }
#if defined(__x86_64__)
  if (available_isas().back() >= Isa::kAvx512) tiers.push_back({"avx512alone", Isa::kAvx512, &avx512::int8_table});
#endif
#ifdef AACFT_EMULATED
  if (available_isas().back() >= Isa::kAvx2)
    tiers.push_back({"emulated", Isa::kAvx2, &emulated_avx512vnni::int8_table});
#endif
  return tiers;
}

class MatmulInt8 : public ::testing::TestWithParam<Tier> {
 protected:
  void SetUp() override { set_isa(GetParam().isa); }
  void TearDown() override {
    set_isa(before_);
    set_threads(available_cores());
  }
  static void multiply(const ConstMatrix& x, const PackedWeights& weights, const Matrix& y,
                       const Epilogue& epilogue = {}) {
    if (GetParam().table == nullptr) return matmul_int8(x, weights, y, epilogue);
    multiply_int8(*GetParam().table, x, weights, y, epilogue);
  }

 private:
  Isa before_ = isa();
};

PackedWeights random_int8_weights(std::int64_t out, std::int64_t in, WeightType type) {
  return PackedWeights::pack(normal_values(7, out * in).data(), WeightType::kFp32, out, in, type);
}

double from_bf16(std::uint16_t x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

// Row-major, as stored and as multiplied: NF4's levels rounded to a multiple of their unit.
struct Weights {
  std::vector<float> stored;
  std::vector<double> multiplied;
};

Weights weights_of(const PackedWeights& packed) {
  const std::int64_t in = packed.in(), group = scale_group(packed.type());
  Weights weights;
  weights.stored.resize(static_cast<std::size_t>(packed.out() * in));
  packed.unpack(0, packed.out(), weights.stored.data());
  weights.multiplied.assign(weights.stored.begin(), weights.stored.end());
  if (packed.type() == WeightType::kInt8) return weights;
  for (std::int64_t i = 0; i < packed.out() * in; ++i) {
    const std::int64_t o = i / in, at = o / 16 * (packed.padded_in() / group) * 16 + i % in / group * 16 + o % 16;
    const double scale = from_bf16(packed.scales()[at]);
    double& w = weights.multiplied[static_cast<std::size_t>(i)];
    if (scale > 0) w = std::round(w / scale * 64.09) / 64.09 * scale;
  }
  return weights;
}

// A row's activations as multiplied, and how far off each may be: half a level, and where the next level is as near as
// can be told, another one.
struct RoundedRow {
  std::vector<double> values, half_levels, doubts;
};

RoundedRow round_row(const Buffer& x, std::int64_t row) {
  RoundedRow rounded;
  for (std::int64_t first = 0; first < x.cols(); first += 32) {
    const std::int64_t end = std::min(first + 32, x.cols());
    double largest = 0;
    for (std::int64_t j = first; j < end; ++j) largest = std::max(largest, std::abs(x.at(row, j)));
    const double scale = largest / 127;
    for (std::int64_t j = first; j < end; ++j) {
      const double level = scale > 0 ? x.at(row, j) / scale : 0, nearest = std::nearbyint(level);
      rounded.values.push_back(nearest * scale);
      rounded.half_levels.push_back(scale / 2);
      rounded.doubts.push_back(std::abs(std::abs(level - nearest) - 0.5) < 1e-3 ? scale : 0);
    }
  }
  return rounded;
}

// Against sums in double: of what was rounded, but for fp32's rounding of the groups' sums; and of what was not, within
// the bounds that the contract names.
void expect_products(const Buffer& x, const PackedWeights& packed, const Buffer& y, const std::vector<float>& bias = {},
                     const Buffer* before = nullptr) {
  EXPECT_TRUE(y.gaps_untouched());
  const Weights weights = weights_of(packed);
  const std::int64_t in = packed.in();
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const RoundedRow row = round_row(x, i);
    for (std::int64_t j = 0; j < packed.out(); ++j) {
      double sum = 0, exact = 0, magnitude = 0, doubt = 0, half_levels = 0, levels_off = 0;
      for (std::int64_t p = 0; p < in; ++p) {
        const auto at = static_cast<std::size_t>(p);
        const double w = weights.multiplied[static_cast<std::size_t>(j * in + p)],
                     stored = static_cast<double>(weights.stored[static_cast<std::size_t>(j * in + p)]);
        sum += row.values[at] * w;
        magnitude += std::abs(row.values[at] * w);
        doubt += row.doubts[at] * std::abs(w);
        exact += x.at(i, p) * stored;
        half_levels += row.half_levels[at] * std::abs(w);
        levels_off += std::abs((w - stored) * x.at(i, p));
      }
      double more = bias.empty() ? 0 : static_cast<double>(bias[static_cast<std::size_t>(j)]);
      if (before != nullptr) more += before->at(i, j);
      const double rounding_errors = (static_cast<double>(in) / 32 + 6) * 0x1p-24 * (magnitude + std::abs(more)) +
                                     rounding(y.element()) * std::abs(sum + more) + 1e-30;
      ASSERT_NEAR(y.at(i, j), sum + more, rounding_errors + doubt) << "at " << i << ", " << j;
      ASSERT_NEAR(y.at(i, j), exact + more, rounding_errors + half_levels * 1.001 + levels_off) << i << ", " << j;
    }
  }
}

TEST_P(MatmulInt8, AwkwardSizes) {
  for (const WeightType type : kQuantised)
    for (const std::int64_t out : {1, 15, 16, 17, 70, 257})
      for (const std::int64_t in : {1, 31, 32, 33, 64, 129, 700}) {
        const PackedWeights weights = random_int8_weights(out, in, type);
        for (const std::int64_t m : {0, 1, 2, 3, 4, 5, 6, 7, 13}) {
          SCOPED_TRACE(std::string(weight_type_name(type)) + " m " + std::to_string(m) + " out " + std::to_string(out) +
                       " in " + std::to_string(in));
          const Buffer x = Buffer(m, in).fill_normal(3);
          Buffer y(m, out);
          multiply(x, weights, y);
          expect_products(x, weights, y);
          if (HasFatalFailure()) return;
        }
      }
}

TEST_P(MatmulInt8, ElementsBiasAndAdd) {
  const std::int64_t out = 70, in = 200;
  const std::vector<float> bias = normal_values(5, out);
  for (const WeightType type : kQuantised) {
    const PackedWeights weights = random_int8_weights(out, in, type);
    for (const Element x_element : kElements)
      for (const Element y_element : kElements)
        for (const bool with_bias : {false, true})
          for (const bool add : {false, true})
            for (const std::int64_t m : {1, 9}) {
              const Buffer x = Buffer(m, in, x_element).fill_normal(3);
              const Buffer before = Buffer(m, out, y_element).fill_normal(4);
              Buffer y = before;
              multiply(x, weights, y, {with_bias ? bias.data() : nullptr, add});
              expect_products(x, weights, y, with_bias ? bias : std::vector<float>(), add ? &before : nullptr);
              if (HasFatalFailure()) return;
            }
  }
}

// The largest products that there are, of every pair of signs: nothing saturates.
TEST_P(MatmulInt8, ExtremesAreExact) {
  for (const WeightType type : kQuantised)
    for (const float w : {1.0f, -1.0f})
      for (const double value : {127.0, -127.0}) {
        const std::int64_t in = 256;
        const std::vector<float> rows(static_cast<std::size_t>(17 * in), 127 * w);
        const PackedWeights weights = PackedWeights::pack(rows.data(), WeightType::kFp32, 17, in, type);
        const Buffer x = Buffer(3, in).fill(value);
        Buffer y(3, 17);
        multiply(x, weights, y);
        const double expected = static_cast<double>(w) * 127 * value * 256;
        const double levels_off = type == WeightType::kNf4 ? std::abs(64 / 64.09 - 1) : 0;
        for (std::int64_t i = 0; i < 3; ++i)
          for (std::int64_t j = 0; j < 17; ++j)
            ASSERT_NEAR(y.at(i, j), expected, std::abs(expected) * (levels_off + 1e-6));
      }
}

TEST_P(MatmulInt8, RowsHaveTheSameBitsInAnyCompany) {
  constexpr std::int64_t kRows = 90, kOut = 430, kIn = 530;
  for (const WeightType type : kQuantised) {
    const PackedWeights weights = random_int8_weights(kOut, kIn, type);
    const Buffer x = Buffer(kRows, kIn).fill_normal(5);
    Buffer together(kRows, kOut);
    set_threads(1);
    multiply(x, weights, together);
    for (int count = 1; count <= 3; ++count) {
      set_threads(count);
      for (const std::int64_t group : {1, 2, 3, 4, 5, 6, 7, 8, 13, 64, 65, 73}) {
        Buffer y(group, kOut);
        multiply(rows_of(ConstMatrix(x), 17, group), weights, y);
        for (std::int64_t i = 0; i < group; ++i)
          for (std::int64_t j = 0; j < kOut; ++j)
            ASSERT_EQ(y.at(i, j), together.at(17 + i, j)) << count << " threads, group " << group << ", row " << i;
      }
    }
  }
}

TEST_P(MatmulInt8, WhatIsNotFiniteStaysInItsRow) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const WeightType type : kQuantised)
    for (const double bad : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
      const PackedWeights weights = random_int8_weights(20, 100, type);
      const Buffer good = Buffer(3, 100).fill_normal(5);
      Buffer x = good, expected(3, 20), y(3, 20);
      multiply(good, weights, expected);
      x.set(1, 99, bad);
      multiply(x, weights, y);
      for (std::int64_t j = 0; j < 20; ++j) {
        EXPECT_EQ(y.at(0, j), expected.at(0, j));
        EXPECT_TRUE(std::isnan(y.at(1, j))) << y.at(1, j);
        EXPECT_EQ(y.at(2, j), expected.at(2, j));
      }
    }
}

// No scale overflows or divides by zero.
TEST_P(MatmulInt8, SmallAndLargeMagnitudes) {
  for (const WeightType type : kQuantised) {
    const PackedWeights weights = random_int8_weights(20, 100, type);
    for (const double size : {0.0, 1e-44, 1e-38, 1e-31}) {
      Buffer y(1, 20);
      multiply(Buffer(1, 100).fill_normal(5, 0, size), weights, y);
      for (std::int64_t j = 0; j < 20; ++j) EXPECT_EQ(y.at(0, j), 0);
    }
    for (const double size : {1e-29, 1e-10, 1e30, 1e35}) {
      const Buffer x = Buffer(1, 100).fill_normal(5, 0, size);
      Buffer y(1, 20);
      multiply(x, weights, y);
      expect_products(x, weights, y);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, MatmulInt8, ::testing::ValuesIn(tiers()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace aacft
