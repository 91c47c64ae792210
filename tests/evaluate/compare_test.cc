#include "aacft/evaluate/compare.h"

#include <gtest/gtest.h>

#include <cmath>

namespace aacft {
namespace {

const Score& score_of(const std::vector<Score>& scores, Metric metric) {
  for (const Score& score : scores)
    if (score.metric == metric) return score;
  throw std::out_of_range("metric");
}

// 100 rows, of which the first `right` are answered with the reference.
std::vector<AnswerCounts> answers(int right) {
  std::vector<AnswerCounts> rows;
  for (int i = 0; i < 100; ++i) rows.push_back(count_answer(i < right ? "I want some tea" : "xyz", "I want some tea"));
  return rows;
}

TEST(Compare, ScoresAreThoseOfTheSums) {
  AnswerCounts with_icons = count_answer("I am", "I am here");
  with_icons.icons = 3, with_icons.icons_used = 2, with_icons.rows_with_icons = 1, with_icons.nll = 4,
  with_icons.tokens = 2;
  AnswerCounts complete = count_answer("tea", "Tea!");
  complete.icons = 1, complete.icons_used = 1, complete.rows_with_icons = 1, complete.complete = 1, complete.nll = 1,
  complete.tokens = 3;
  const auto scores = scores_of({{with_icons, complete}}, {0, 1});
  ASSERT_EQ(scores.size(), 1u);
  ChrfCounts both = chrf_counts("I am", "I am here");
  both += chrf_counts("tea", "Tea!");
  EXPECT_DOUBLE_EQ(score_of(scores[0], Metric::kChrf).value, chrf(both));
  EXPECT_DOUBLE_EQ(score_of(scores[0], Metric::kExact).value, 0);
  EXPECT_DOUBLE_EQ(score_of(scores[0], Metric::kLoose).value, 50);
  EXPECT_DOUBLE_EQ(score_of(scores[0], Metric::kIconsUsed).value, 75);
  EXPECT_DOUBLE_EQ(score_of(scores[0], Metric::kComplete).value, 50);
  EXPECT_DOUBLE_EQ(score_of(scores[0], Metric::kPerplexity).value, std::exp(1.0));
  for (const Score& score : scores[0]) EXPECT_FALSE(score.interval || score.difference);
}

TEST(Compare, MetricsThatNothingWasCountedForAreLeftOut) {
  const auto scores = scores_of({answers(3), answers(3)}, {10, 1});
  for (const auto& system : scores)
    for (const Score& score : system)
      EXPECT_TRUE(score.metric != Metric::kPerplexity && score.metric != Metric::kIconsUsed &&
                  score.metric != Metric::kComplete);
  EXPECT_TRUE(scores_of({}, {}).empty());
  EXPECT_TRUE(scores_of({{}}, {}).at(0).empty());
}

TEST(Compare, IntervalsAreThoseOfTheBinomial) {
  // Resampled rows of which 30 % are right: a binomial share of 100, deviation sqrt(0.3 0.7 / 100) = 4.58 %.
  const Score score = score_of(scores_of({answers(30)}, {4000, 5}).at(0), Metric::kExact);
  ASSERT_TRUE(score.interval);
  EXPECT_NEAR(score.interval->low, 30 - 1.96 * 4.58, 1.01);
  EXPECT_NEAR(score.interval->high, 30 + 1.96 * 4.58, 1.01);
}

TEST(Compare, DifferencesArePaired) {
  // The second answers rightly wherever the first does, and on ten rows more: their difference varies less than either.
  const auto scores = scores_of({answers(40), answers(50), answers(40)}, {2000, 5});
  EXPECT_FALSE(score_of(scores[0], Metric::kExact).difference);
  const Score more = score_of(scores[1], Metric::kExact);
  EXPECT_DOUBLE_EQ(*more.difference, 10);
  EXPECT_TRUE(more.differs());
  EXPECT_NEAR(more.difference_interval->low, 10 - 1.96 * 3, 1.01);
  EXPECT_NEAR(more.difference_interval->high, 10 + 1.96 * 3, 1.01);
  const Score same = score_of(scores[2], Metric::kExact);
  EXPECT_EQ(same.difference_interval->low, 0);
  EXPECT_EQ(same.difference_interval->high, 0);
  EXPECT_FALSE(same.differs());
}

TEST(Compare, DifferencesAreToTheFirstSystemThatHasTheMetric) {
  const auto model = [](double nll) {
    auto rows = answers(40);
    for (AnswerCounts& row : rows) row.nll = nll, row.tokens = 1;
    return rows;
  };
  const auto scores = scores_of({answers(40), model(2), model(1)}, {20, 5});
  EXPECT_FALSE(score_of(scores[1], Metric::kPerplexity).difference);
  EXPECT_DOUBLE_EQ(*score_of(scores[2], Metric::kPerplexity).difference, std::exp(1.0) - std::exp(2.0));
  EXPECT_TRUE(score_of(scores[2], Metric::kPerplexity).differs());
  EXPECT_DOUBLE_EQ(*score_of(scores[1], Metric::kExact).difference, 0);
}

TEST(Compare, TheSameSeedGivesTheSameIntervals) {
  const auto interval = [](std::uint64_t seed) {
    return *score_of(scores_of({answers(30)}, {50, seed}).at(0), Metric::kChrf).interval;
  };
  EXPECT_EQ(interval(1).low, interval(1).low);
  EXPECT_NE(interval(1).low, interval(2).low);
}

}  // namespace
}  // namespace aacft
