#include "aacft/kernels/packed_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "aacft/base/random.h"

namespace aacft {
namespace {

constexpr WeightType kTypes[] = {WeightType::kFp32, WeightType::kFp16, WeightType::kBf16, WeightType::kInt8,
                                 WeightType::kNf4};

struct Size {
  std::int64_t out, in;
};
constexpr Size kSizes[] = {{1, 1}, {5, 3}, {16, 32}, {17, 31}, {48, 128}, {100, 257}, {33, 640}, {640, 100}};

std::vector<float> random_values(std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  RandomStream(3, Purpose::kModelInit).fill_normal(values.data(), 0, values.size());
  return values;
}

std::vector<float> unpack(const PackedWeights& packed, std::int64_t first = 0, std::int64_t count = -1) {
  if (count < 0) count = packed.out();
  std::vector<float> values(static_cast<std::size_t>(count * packed.in()));
  packed.unpack(first, count, values.data());
  return values;
}

template <typename T>
std::vector<float> unpack_of(const std::vector<T>& stored, WeightType stored_type, WeightType type) {
  return unpack(PackedWeights::pack(stored.data(), stored_type, 1, static_cast<std::int64_t>(stored.size()), type));
}

float bf16(std::uint16_t bits) {
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

// Slowly and obviously: IEEE half precision.
float fp16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const float sign = bits >> 15 != 0 ? -1.0f : 1.0f;
  if (exponent == 31)
    return mantissa == 0 ? sign * std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  return sign * (exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                               : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25));
}

TEST(WeightTypes, Names) {
  for (const WeightType type : kTypes) EXPECT_EQ(parse_weight_type(weight_type_name(type)), type);
  EXPECT_FALSE(parse_weight_type("fp8"));
}

TEST(PackedWeights, Fp32ComesBack) {
  for (const auto& [out, in] : kSizes) {
    const std::vector<float> values = random_values(out * in);
    const auto packed = PackedWeights::pack(values.data(), WeightType::kFp32, out, in, WeightType::kFp32);
    EXPECT_EQ(packed.out(), out);
    EXPECT_EQ(packed.in(), in);
    EXPECT_TRUE(packed.finite());
    EXPECT_EQ(unpack(packed), values);
    const std::int64_t first = out / 3, count = out - first;
    EXPECT_EQ(unpack(packed, first, count), std::vector<float>(values.begin() + first * in, values.end()));
  }
}

// Every number of 16 bits, and at an odd address.
TEST(PackedWeights, SixteenBitsComeBack) {
  for (const WeightType type : {WeightType::kFp16, WeightType::kBf16}) {
    std::vector<std::uint16_t> stored(1 << 16);
    for (std::size_t i = 0; i < stored.size(); ++i) stored[i] = static_cast<std::uint16_t>(i);
    std::vector<std::byte> odd(stored.size() * 2 + 1);
    std::memcpy(odd.data() + 1, stored.data(), stored.size() * 2);
    for (const std::int64_t in : {1 << 16, 1 << 10, 1 << 5}) {
      const auto packed = PackedWeights::pack(odd.data() + 1, type, (1 << 16) / in, in, type);
      EXPECT_FALSE(packed.finite());
      const std::vector<float> values = unpack(packed);
      for (std::size_t i = 0; i < stored.size(); ++i) {
        const float expected = type == WeightType::kFp16 ? fp16(stored[i]) : bf16(stored[i]);
        if (std::isnan(expected)) {
          ASSERT_TRUE(std::isnan(values[i])) << i;
        } else {
          ASSERT_EQ(values[i], expected) << i;
        }
      }
    }
  }
}

// Each fp32 goes to the nearest number of 16 bits, halfway to the even one.
TEST(PackedWeights, RoundsToNearestEven) {
  for (const WeightType type : {WeightType::kFp16, WeightType::kBf16}) {
    const auto number = type == WeightType::kFp16 ? fp16 : bf16;
    std::vector<float> stored, expected;
    for (std::uint16_t bits = 0; std::isfinite(number(static_cast<std::uint16_t>(bits + 1))); ++bits) {
      const float low = number(bits), high = number(static_cast<std::uint16_t>(bits + 1)),
                  middle = low + (high - low) / 2;
      const float nearest[] = {low, bits % 2 == 0 ? low : high, high};
      const float from[] = {std::nextafter(middle, low), middle, std::nextafter(middle, high)};
      for (int i = 0; i < 3; ++i)
        for (const float sign : {1.0f, -1.0f}) {
          if (middle == low || middle == high) continue;  // between the smallest bf16 there is no fp32
          stored.push_back(sign * from[i]);
          expected.push_back(sign * nearest[i]);
        }
    }
    EXPECT_GT(stored.size(), 100000u);
    EXPECT_EQ(unpack_of(stored, WeightType::kFp32, type), expected);
  }
  EXPECT_EQ(unpack_of<std::uint16_t>({0x3f80, 0xc040}, WeightType::kBf16, WeightType::kFp16),
            (std::vector{1.0f, -3.0f}));
  EXPECT_EQ(unpack_of<std::uint16_t>({0x3c00, 0xc200}, WeightType::kFp16, WeightType::kBf16),
            (std::vector{1.0f, -3.0f}));
}

TEST(PackedWeights, FindsWhatIsNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  for (const WeightType type : kTypes)
    for (const float bad : {kInfinity, -kInfinity, kNan})
      for (const std::size_t place : {0u, 31u, 32u, 149u, 1000u, 2999u}) {
        std::vector<float> values = random_values(20 * 150);
        EXPECT_TRUE(PackedWeights::pack(values.data(), WeightType::kFp32, 20, 150, type).finite());
        values[place] = bad;
        EXPECT_FALSE(PackedWeights::pack(values.data(), WeightType::kFp32, 20, 150, type).finite());
      }
  const float large = 65520.0f;  // the smallest that rounds to infinity
  EXPECT_FALSE(PackedWeights::pack(&large, WeightType::kFp32, 1, 1, WeightType::kFp16).finite());
}

TEST(PackedWeights, QuantisedValuesAreTheNearestLevels) {
  for (const auto& [out, in] : kSizes)
    for (const WeightType type : {WeightType::kInt8, WeightType::kNf4}) {
      const std::vector<float> values = random_values(out * in);
      const auto packed = PackedWeights::pack(values.data(), WeightType::kFp32, out, in, type);
      const std::vector<float> found = unpack(packed);
      const std::int64_t group = scale_group(type);
      for (std::int64_t row = 0; row < out; ++row)
        for (std::int64_t first = 0; first < in; first += group) {
          const std::int64_t begin = row * in + first, end = row * in + std::min(first + group, in);
          float largest = 0;
          for (std::int64_t i = begin; i < end; ++i)
            largest = std::max(largest, std::abs(values[static_cast<std::size_t>(i)]));
          for (std::int64_t i = begin; i < end; ++i) {
            const auto at = static_cast<std::size_t>(i);
            // With a scale that is off by 2^-9 at most.
            const float unit = type == WeightType::kInt8 ? largest / 127 : largest;
            float nearest = std::numeric_limits<float>::infinity();
            for (int level = 0; level < (type == WeightType::kInt8 ? 255 : 16); ++level) {
              const float value =
                  unit * (type == WeightType::kInt8 ? static_cast<float>(level - 127) : kNf4Levels[level]);
              nearest = std::min(nearest, std::abs(values[at] - value));
            }
            ASSERT_NEAR(found[at], values[at], nearest + 0x1p-8f * (std::abs(values[at]) + nearest))
                << row << ", " << i - begin;
          }
        }
    }
}

// What lies on a level stays, and zeros are exact.
TEST(PackedWeights, LevelsComeBack) {
  std::vector<float> values;
  for (int i = 0; i < 64; ++i) values.push_back(kNf4Levels[i % 16] * 0.5f);
  for (int i = 0; i < 64; ++i) values.push_back(0.0f);
  EXPECT_EQ(unpack_of(values, WeightType::kFp32, WeightType::kNf4), values);
  for (int i = 0; i < 64; ++i) values[static_cast<std::size_t>(i)] = static_cast<float>(i * 4 - 127) / 64;
  EXPECT_EQ(unpack_of(values, WeightType::kFp32, WeightType::kInt8), values);
}

TEST(PackedWeights, Bytes) {
  EXPECT_EQ(PackedWeights::bytes(16, 32, WeightType::kFp32), 2048u);
  EXPECT_EQ(PackedWeights::bytes(17, 33, WeightType::kBf16), 32u * 64 * 2);
  EXPECT_EQ(PackedWeights::bytes(16, 128, WeightType::kInt8), 16u * 128 + 16 * 2);
  EXPECT_EQ(PackedWeights::bytes(16, 128, WeightType::kNf4), 16u * 64 + 16 * 2 * 2);
  EXPECT_EQ(PackedWeights::pack(std::vector<float>(6).data(), WeightType::kFp32, 2, 3, WeightType::kFp16).bytes(),
            1024u);
  EXPECT_TRUE(PackedWeights().empty());
}

}  // namespace
}  // namespace aacft
