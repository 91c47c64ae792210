#include "aacft/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace aacft {
namespace {

using Block = std::array<std::uint32_t, 4>;

// The vectors that the authors publish with Random123 (kat_vectors, philox4x32-10).
TEST(Philox, KnownAnswers) {
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, EveryPartOfTheNameMatters) {
  std::set<std::uint32_t> first;
  const auto add = [&](const RandomStream& stream) { EXPECT_TRUE(first.insert(stream.bits(0)).second); };
  add({1, Purpose::kDropout});
  add({2, Purpose::kDropout});
  add({1ull << 32, Purpose::kDropout});
  add({1, Purpose::kShuffle});
  add({1, Purpose::kDropout, 1});
  add({1, Purpose::kDropout, 1ull << 32});
  add({1, Purpose::kDropout, 0, 1});
  EXPECT_EQ(RandomStream(1, Purpose::kDropout, 2, 3).bits(4), RandomStream(1, Purpose::kDropout, 2, 3).bits(4));
  // Indices, those past 2^32 blocks included.
  const RandomStream stream(1, Purpose::kSampling);
  std::set<std::uint32_t> draws;
  for (const std::uint64_t base : {std::uint64_t{0}, std::uint64_t{1} << 34, std::uint64_t{1} << 40})
    for (std::uint64_t i = 0; i < 8; ++i) draws.insert(stream.bits(base + i));
  EXPECT_EQ(draws.size(), 24u);
}

// Sample means lie within five deviations of the truth.
constexpr int kDraws = 100'000;

void expect_moments(const std::vector<double>& values, double mean, double variance, double fourth) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0, neighbours = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double d = values[i] - mean;
    sum += d;
    squares += d * d;
    if (i > 0) neighbours += d * (values[i - 1] - mean);
  }
  EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(squares / n, variance, 5 * std::sqrt((fourth - variance * variance) / n));
  EXPECT_NEAR(neighbours / n, 0, 5 * variance / std::sqrt(n));
}

TEST(RandomStream, Uniform) {
  const RandomStream stream(7, Purpose::kModelInit);
  std::vector<double> single, twice;
  std::vector<int> buckets(16);
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const float u = stream.uniform(i);
    ASSERT_TRUE(u >= 0 && u < 1);
    single.push_back(u);
    ++buckets[static_cast<std::size_t>(u * 16)];
    const double d = stream.uniform_double(i);
    ASSERT_TRUE(d >= 0 && d < 1);
    twice.push_back(d);
  }
  expect_moments(single, 0.5, 1.0 / 12, 1.0 / 80);
  expect_moments(twice, 0.5, 1.0 / 12, 1.0 / 80);
  for (const int bucket : buckets) EXPECT_NEAR(bucket, kDraws / 16.0, 5 * std::sqrt(kDraws / 16.0));
}

TEST(RandomStream, Normal) {
  const RandomStream stream(7, Purpose::kModelInit);
  std::vector<double> values;
  int beyond_two = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    values.push_back(stream.normal(i));
    ASSERT_TRUE(std::isfinite(values.back()));
    beyond_two += std::abs(values.back()) > 2;
  }
  expect_moments(values, 0, 1, 3);
  EXPECT_NEAR(beyond_two, 0.0455 * kDraws, 5 * std::sqrt(0.0455 * kDraws));
}

TEST(RandomStream, NormalsElementByElement) {
  const RandomStream stream(3, Purpose::kModelInit);
  for (const std::uint64_t first : {0, 2, 100}) {
    for (const std::size_t count : {0, 1, 2, 7, 64}) {
      std::vector<float> values(count + 1, -7.0f);
      stream.fill_normal(values.data(), first, count);
      EXPECT_EQ(values[count], -7.0f);  // nothing past the end
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(values[i], stream.normal(first + i)) << i;
    }
  }
}

TEST(RandomStream, MaskElementByElement) {
  const RandomStream stream(3, Purpose::kDropout, 5, 6);
  for (const float p : {0.0f, 0.05f, 0.5f, 0.99f}) {
    for (const std::size_t count : {0, 1, 3, 4, 5, 1023}) {
      std::vector<float> mask(count + 1, -7.0f);
      stream.fill_mask(mask.data(), count, p);
      EXPECT_EQ(mask[count], -7.0f);  // nothing past the end
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(mask[i], stream.uniform(i) < p ? 0.0f : 1.0f / (1.0f - p)) << i;
    }
  }
}

TEST(RandomStream, MaskRate) {
  for (const float p : {0.05f, 0.1f, 0.5f}) {
    std::vector<float> mask(kDraws);
    RandomStream(11, Purpose::kDropout).fill_mask(mask.data(), mask.size(), p);
    double zeros = 0;
    for (const float value : mask) zeros += value == 0;
    EXPECT_NEAR(zeros, p * kDraws, 5 * std::sqrt(p * (1 - p) * kDraws));
  }
}

TEST(RandomStream, PermuteIsABijection) {
  std::vector<std::uint64_t> sizes{503, 1000, 1023, 1024, 1025, 4096, 4097, 65'537, 100'000};
  for (std::uint64_t size = 1; size <= 70; ++size) sizes.push_back(size);
  for (const std::uint64_t size : sizes) {
    const RandomStream stream(size, Purpose::kShuffle, 2);
    std::vector<bool> hit(size);
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::uint64_t to = stream.permute(i, size);
      ASSERT_LT(to, size);
      ASSERT_FALSE(hit[to]) << size;
      hit[to] = true;
    }
  }
}

TEST(RandomStream, EveryPlaceIsAsLikely) {
  constexpr int kSeeds = 6000;
  for (const std::uint64_t size : {2, 3, 5, 10, 17}) {
    std::vector<int> place(size * size);
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const RandomStream stream(seed, Purpose::kShuffle);
      for (std::uint64_t i = 0; i < size; ++i) ++place[i * size + stream.permute(i, size)];
    }
    const double p = 1.0 / static_cast<double>(size);
    // With two or three bits to a half the network is not quite even: a tenth more or less is allowed.
    for (const int count : place)
      EXPECT_NEAR(count, kSeeds * p, 0.1 * kSeeds * p + 5 * std::sqrt(kSeeds * p * (1 - p))) << size;
  }
}

TEST(RandomStream, PermutationsDiffer) {
  std::set<std::vector<std::uint64_t>> seen;
  for (std::uint64_t epoch = 0; epoch < 20; ++epoch) {
    const RandomStream stream(42, Purpose::kShuffle, epoch);
    std::vector<std::uint64_t> order;
    for (std::uint64_t i = 0; i < 30; ++i) order.push_back(stream.permute(i, 30));
    seen.insert(order);
  }
  EXPECT_EQ(seen.size(), 20u);
}

}  // namespace
}  // namespace aacft
