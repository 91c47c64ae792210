#include "aacft/kernels/cross_entropy.h"

#include "kernels/buffer.h"

namespace aacft {
namespace {

constexpr double kUnit = 0x1p-24;

class CrossEntropy : public OnEveryIsa {};

double log_sum(const Buffer& logits, std::int64_t i) {
  double largest = logits.at(i, 0), sum = 0;
  for (std::int64_t j = 0; j < logits.cols(); ++j) largest = std::max(largest, logits.at(i, j));
  for (std::int64_t j = 0; j < logits.cols(); ++j) sum += std::exp(logits.at(i, j) - largest);
  return largest + std::log(sum);
}

TEST_P(CrossEntropy, LossAndGradient) {
  for (const std::int64_t cols : {1, 3, 7, 8, 16, 17, 64, 100, 2560, 50432}) {
    constexpr std::int64_t kRows = 4;
    Buffer logits(kRows, cols);
    logits.fill_normal(1, 5, 4);
    const Buffer before = logits;
    const std::vector<std::int64_t> next = {0, cols - 1, cols / 2, cols / 3};
    const std::vector<float> weights = {1, 0.25f, 0, -2};
    std::vector<float> nll(kRows), without(kRows);

    cross_entropy(logits, next.data(), nullptr, without.data());
    EXPECT_EQ(logits, before);
    cross_entropy(logits, next.data(), weights.data(), nll.data());
    EXPECT_EQ(nll, without);
    EXPECT_TRUE(logits.gaps_untouched());

    for (std::int64_t i = 0; i < kRows; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const double whole = log_sum(before, i), weight = weights[k];
      ASSERT_NEAR(nll[k], whole - before.at(i, next[k]), 1e-6 * std::max(1.0, std::abs(whole))) << cols;
      for (std::int64_t j = 0; j < cols; ++j) {
        const double probability = std::exp(before.at(i, j) - whole);
        const double expected = weight * (probability - (j == next[k] ? 1 : 0));
        // x - largest is rounded, then its exponential taken.
        const double error = (8 + 2 * (whole - before.at(i, j))) * kUnit;
        ASSERT_NEAR(logits.at(i, j), expected, error * std::abs(weight) * probability + 2 * kUnit * std::abs(expected))
            << cols << " " << j;
      }
    }
  }
}

TEST_P(CrossEntropy, TheGradientIsTheSlope) {
  Buffer logits(1, 19);
  logits.fill_normal(1);
  const std::int64_t next = 7;
  const float weight = 3;
  float nll = 0;
  Buffer gradient = logits;
  cross_entropy(gradient, &next, &weight, &nll);
  for (std::int64_t j = 0; j < 19; ++j) {
    const double x = logits.at(0, j), h = 0x1p-10;  // added without rounding error
    logits.set(0, j, x + h);
    const double above = log_sum(logits, 0) - logits.at(0, next), up = logits.at(0, j);
    logits.set(0, j, x - h);
    const double below = log_sum(logits, 0) - logits.at(0, next), down = logits.at(0, j);
    logits.set(0, j, x);
    EXPECT_NEAR(gradient.at(0, j), 3 * (above - below) / (up - down), 2e-6);
  }
}

TEST_P(CrossEntropy, ExtremeLogits) {
  for (const std::int64_t cols : {5, 50432}) {
    Buffer logits(3, cols);
    logits.fill(-1e4);
    logits.set(1, 1, 1e4);
    logits.set(2, 2, 1e4);
    for (std::int64_t j = 0; j < cols; ++j) logits.set(0, j, -3e38);  // all alike
    const std::vector<std::int64_t> next = {0, 1, 1};
    const std::vector<float> weights = {1, 1, 1};
    std::vector<float> nll(3);
    cross_entropy(logits, next.data(), weights.data(), nll.data());
    EXPECT_FLOAT_EQ(nll[0], static_cast<float>(std::log(static_cast<double>(cols))));
    EXPECT_EQ(nll[1], 0);
    EXPECT_EQ(nll[2], 2e4f);
    for (std::int64_t j = 0; j < cols; ++j) {
      EXPECT_EQ(logits.at(1, j), 0);
      EXPECT_EQ(logits.at(2, j), j == 1 ? -1 : j == 2 ? 1 : 0);
    }
  }
}

TEST_P(CrossEntropy, NanShows) {
  Buffer logits(1, 40);
  logits.fill(1).set(0, 11, std::nan(""));
  const std::int64_t next = 0;
  float nll = 0;
  cross_entropy(logits, &next, nullptr, &nll);
  EXPECT_TRUE(std::isnan(nll));
}

// The largest logit is 0 and by far the most of the sum, so the gradients are e^x to its accuracy.
TEST_P(CrossEntropy, Exponential) {
  constexpr std::int64_t kCols = 20000;
  Buffer logits(1, kCols);
  for (std::int64_t j = 0; j < kCols; ++j) logits.set(0, j, -87.2 + 67.0 * static_cast<double>(j) / kCols);
  logits.set(0, 0, 0);
  const Buffer before = logits;
  const std::int64_t next = 0;
  const float weight = 1;
  float nll = 0;
  cross_entropy(logits, &next, &weight, &nll);
  const double whole = log_sum(before, 0);
  for (std::int64_t j = 1; j < kCols; ++j) {
    const double expected = std::exp(before.at(0, j) - whole);
    ASSERT_NEAR(logits.at(0, j), expected, 6 * kUnit * expected) << before.at(0, j);
  }
}

TEST_P(CrossEntropy, EachRowAloneAndAnyThreads) {
  for (const std::int64_t cols : {19, 5003}) {
    constexpr std::int64_t kRows = 40;
    Buffer logits(kRows, cols);
    logits.fill_normal(1);
    const Buffer before = logits;
    std::vector<std::int64_t> next(kRows);
    for (std::int64_t i = 0; i < kRows; ++i) next[static_cast<std::size_t>(i)] = i * 7 % cols;
    const auto weights = normal_values(3, kRows);
    std::vector<float> nll(kRows), again(kRows);
    set_threads(1);
    cross_entropy(logits, next.data(), weights.data(), nll.data());
    for (int count = 2; count <= 4; ++count) {
      set_threads(count);
      Buffer other = before;
      cross_entropy(other, next.data(), weights.data(), again.data());
      EXPECT_EQ(logits, other);
      EXPECT_EQ(nll, again);
    }
    Buffer other = before;
    for (std::int64_t i = 0; i < kRows; ++i)
      cross_entropy(rows_of(other.matrix(), i, 1), next.data() + i, weights.data() + i, again.data() + i);
    EXPECT_EQ(logits, other);
    EXPECT_EQ(nll, again);
  }
}

AACFT_ON_EVERY_ISA(CrossEntropy);

}  // namespace
}  // namespace aacft
