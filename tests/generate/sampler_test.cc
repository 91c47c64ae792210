#include "aacft/generate/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace aacft::testing {
namespace {

using Logits = std::vector<float>;
using Ids = std::vector<std::int32_t>;

constexpr std::uint64_t kDraws = 20000;

SamplingOptions at_temperature(double temperature) {
  SamplingOptions options;
  options.temperature = temperature;
  return options;
}

// Logits of these probabilities.
Logits logs(const std::vector<double>& probabilities) {
  Logits logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

// Draws must follow the distribution `expected` (which adds up to 1; ids of probability 0 never come):
// Pearson's statistic stays within six standard deviations of a chi-square variable above its mean.
void expect_distribution(const Logits& logits, const Ids& previous, const SamplingOptions& options,
                         const std::vector<double>& expected) {
  std::vector<double> counts(logits.size());
  for (std::uint64_t i = 0; i < kDraws; ++i)
    ++counts.at(static_cast<std::size_t>(choose_token(logits, previous, options, 3, i)));
  double statistic = 0, freedom = -1;
  for (std::size_t id = 0; id < counts.size(); ++id) {
    const double mean = expected[id] * static_cast<double>(kDraws);
    if (mean == 0) {
      EXPECT_EQ(counts[id], 0) << "id " << id;
      continue;
    }
    statistic += (counts[id] - mean) * (counts[id] - mean) / mean;
    ++freedom;
  }
  EXPECT_LE(statistic, freedom + 6 * std::sqrt(2 * std::max(freedom, 0.0)));
}

TEST(Sampler, Greedy) {
  EXPECT_EQ(choose_token(Logits{1, 3, 2}, {}, {}, 0, 0), 1);
  EXPECT_EQ(choose_token(Logits{-5, -1, -1, -3}, {}, {}, 0, 0), 1);  // ties: the lowest id
  EXPECT_EQ(choose_token(Logits{7, 7, 7}, {}, {}, 9, 9), 0);
}

TEST(Sampler, Temperature) {
  const Logits logits = logs({0.1, 0.2, 0.3, 0.4});
  expect_distribution(logits, {}, at_temperature(1), {0.1, 0.2, 0.3, 0.4});
  // p^2, normalised; and the square root.
  expect_distribution(logits, {}, at_temperature(0.5), {0.01 / 0.3, 0.04 / 0.3, 0.09 / 0.3, 0.16 / 0.3});
  const double total = std::sqrt(0.1) + std::sqrt(0.2) + std::sqrt(0.3) + std::sqrt(0.4);
  expect_distribution(logits, {}, at_temperature(2),
                      {std::sqrt(0.1) / total, std::sqrt(0.2) / total, std::sqrt(0.3) / total, std::sqrt(0.4) / total});
}

TEST(Sampler, LargeLogitsDoNotOverflow) {
  expect_distribution({1e30f, 1e30f, -1e30f}, {}, at_temperature(0.1), {0.5, 0.5, 0});
}

TEST(Sampler, TopK) {
  const Logits logits = logs({0.1, 0.4, 0.2, 0.3});
  SamplingOptions options = at_temperature(1);
  options.top_k = 2;
  expect_distribution(logits, {}, options, {0, 4.0 / 7, 0, 3.0 / 7});
  options.top_k = 1;
  expect_distribution(logits, {}, options, {0, 1, 0, 0});
  for (const std::int64_t all : {4, 100, 0}) {
    options.top_k = all;
    expect_distribution(logits, {}, options, {0.1, 0.4, 0.2, 0.3});
  }
}

TEST(Sampler, TopP) {
  const Logits logits = logs({0.1, 0.4, 0.2, 0.3});
  SamplingOptions options = at_temperature(1);
  // The token that crosses the threshold still belongs.
  options.top_p = 0.6;
  expect_distribution(logits, {}, options, {0, 4.0 / 7, 0, 3.0 / 7});
  options.top_p = 0.75;
  expect_distribution(logits, {}, options, {0, 4.0 / 9, 2.0 / 9, 3.0 / 9});
  options.top_p = 0.3;
  expect_distribution(logits, {}, options, {0, 1, 0, 0});
  options.top_p = 0;
  expect_distribution(logits, {}, options, {0, 1, 0, 0});
}

// Temperature first, then k, then p of what k left.
TEST(Sampler, InTheOrderOfTransformers) {
  const Logits logits = logs({0.1, 0.2, 0.3, 0.4});
  SamplingOptions options = at_temperature(0.5);  // 1/30, 4/30, 9/30, 16/30
  options.top_k = 3;                              // 4/29, 9/29, 16/29
  options.top_p = 0.56;                           // 16/29 = 0.552 is not enough
  expect_distribution(logits, {}, options, {0, 0, 9.0 / 25, 16.0 / 25});
  options.top_p = 0.54;  // it is now; 16/30 = 0.533 would not be
  expect_distribution(logits, {}, options, {0, 0, 0, 1});
}

TEST(Sampler, RepetitionPenalty) {
  // Divides positive logits, multiplies negative ones; a token that came twice counts once.
  const Logits logits = {2, -1, 1, 0.5f};
  const Ids previous = {0, 1, 0, 1, 1};
  SamplingOptions options = at_temperature(1);
  options.repetition_penalty = 2;
  const std::vector<double> penalised = {1, -2, 1, 0.5};
  double total = 0;
  std::vector<double> expected;
  for (const double logit : penalised) total += std::exp(logit);
  for (const double logit : penalised) expected.push_back(std::exp(logit) / total);
  expect_distribution(logits, previous, options, expected);
  options.temperature = 0;
  EXPECT_EQ(choose_token(logits, previous, options, 0, 0), 0);
  options.repetition_penalty = 2.1;
  EXPECT_EQ(choose_token(logits, previous, options, 0, 0), 2);
}

TEST(Sampler, DrawsDependOnSeedStreamAndPosition) {
  const Logits logits(1000, 0.0f);
  SamplingOptions options = at_temperature(1), other = options;
  other.seed = 43;
  int same_seed = 0, same_stream = 0, same_position = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const std::int32_t id = choose_token(logits, {}, options, 1, i);
    EXPECT_EQ(choose_token(logits, {}, options, 1, i), id);
    same_seed += choose_token(logits, {}, other, 1, i) == id;
    same_stream += choose_token(logits, {}, options, 2, i) == id;
    same_position += choose_token(logits, {}, options, 1, i + 1) == id;
  }
  // One in a thousand coincides.
  EXPECT_LE(std::max({same_seed, same_stream, same_position}), 5);
}

}  // namespace
}  // namespace aacft::testing
