// Known answers come from OpenJDK 17's java.util.Random.
#include "aacft/boards/java_random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace aacft {
namespace {

struct Known {
  std::int64_t seed;
  std::vector<std::int32_t> ints;
  std::vector<double> doubles;
  std::vector<std::int32_t> bounded;  // by kBounds, three times over
};

constexpr std::int32_t kBounds[] = {39, 10, 64, 1, 1610612735, 2147483647, 1073741825, 14};

const std::vector<Known>& known() {
  static const std::vector<Known> answers = {
      {42,
       {-1170105035, 234785527, -1360544799, 205897768},
       {0x1.74833a06ff457p-1, 0x1.5dcf778622e01p-1, 0x1.3c20f3f12bbb4p-2},
       {26,        3,         43,        0,  662969970, 2023087525, 595021505, 10, 16,        3,         57,        0,
        791955276, 819572292, 592164476, 10, 9,         0,          50,        0,  326327863, 937357226, 944462913, 7}},
      {20230608,
       {-137071059, 1389994551, -1583140397, -635139795},
       {0x1.efa8ec296cd11p-1, 0x1.434663ed12449p-1, 0x1.58d51bf131f5fp-1},
       {0,         5, 40, 0, 1446332142, 1899099643, 815780459, 13,        38,        3, 28, 0, 1337244961, 1685651149,
        681932944, 0, 18, 7, 28,         0,          861056341, 685886049, 202258865, 4}},
      {-1,
       {1155099827, 1887904451, 52699159, -1941176418},
       {0x1.1365b2708722cp-2, 0x1.921011897ffp-7, 0x1.52fcbccce6ddap-1},
       {5,         5,  0,  0, 1421815604, 1290198438, 894294477,  2,         22,        1, 51, 0, 121954317, 149520196,
        176890342, 10, 18, 2, 35,         0,          1286832617, 754206257, 975495143, 6}},
      {0x123456789ABCDEF,
       {-332795332, 2022105297, -719768573, -1326542597},
       {0x1.d853e43c43706p-1, 0x1.aa32685877487p-1, 0x1.d920227cca19p-2},
       {18,        8,  53, 0, 992216154, 1046809738, 969130811,  3,          29,        8, 22, 0, 363446493, 657069614,
        625625073, 11, 4,  8, 54,        0,          1525599941, 1636168141, 839765616, 11}},
  };
  return answers;
}

TEST(JavaRandom, KnownAnswers) {
  for (const Known& answer : known()) {
    JavaRandom ints(answer.seed), doubles(answer.seed), bounded(answer.seed);
    for (const std::int32_t value : answer.ints) EXPECT_EQ(ints.next_int(), value) << answer.seed;
    for (const double value : answer.doubles) EXPECT_EQ(doubles.next_double(), value) << answer.seed;
    for (std::size_t i = 0; i < answer.bounded.size(); ++i)
      EXPECT_EQ(bounded.next_int(kBounds[i % std::size(kBounds)]), answer.bounded[i]) << answer.seed << ", draw " << i;
  }
}

// The lowest 48 bits of a seed are all that counts.
TEST(JavaRandom, SeedsOf48Bits) {
  JavaRandom zero(0), high(std::numeric_limits<std::int64_t>::min());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(zero.next_int(), high.next_int());
}

// A million draws of every size of bound, those that reject nearly half of all included, in one number.
TEST(JavaRandom, ManyBounds) {
  JavaRandom random(20230608);
  std::uint64_t hash = 17;
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    const auto bound = 1 + static_cast<std::int32_t>((i * 2654435761u & 0x7fffffff) % 0x7fffffff);
    hash = hash * 31 + static_cast<std::uint64_t>(random.next_int(bound));
    hash = hash * 31 + static_cast<std::uint64_t>(random.next_double() * 0x1p53);
  }
  EXPECT_EQ(hash, 8328622434900433834u);
}

TEST(CounterDraws, AreAFunctionOfSeedAndSample) {
  CounterDraws first(7, 3), again(7, 3), other(7, 4), seed(8, 3);
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    const double value = first.next_double();
    EXPECT_EQ(again.next_double(), value);
    same += other.next_double() == value || seed.next_double() == value;
  }
  EXPECT_EQ(same, 0);
}

// Within five deviations of a binomial distribution.
TEST(CounterDraws, IntsAreUniform) {
  constexpr int kDraws = 100'000;
  for (const std::int32_t bound : {2, 5, 39}) {
    std::vector<int> counts(static_cast<std::size_t>(bound));
    CounterDraws draws(1, static_cast<std::uint64_t>(bound));
    for (int i = 0; i < kDraws; ++i) ++counts.at(static_cast<std::size_t>(draws.next_int(bound)));
    const double p = 1.0 / bound;
    for (const int count : counts) EXPECT_NEAR(count, kDraws * p, 5 * std::sqrt(kDraws * p * (1 - p)));
  }
}

}  // namespace
}  // namespace aacft
