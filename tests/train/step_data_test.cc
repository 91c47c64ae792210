#include "aacft/train/step_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "aacft/base/random.h"

namespace aacft::testing {
namespace {

// Many share a beginning; all tokens but the first count, or only the last ones.
std::vector<Sample> made_up(std::size_t count) {
  const RandomStream random(3, Purpose::kSampling);
  std::vector<Sample> samples(count);
  std::uint64_t draw = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto length = static_cast<std::size_t>(2 + random.bits(draw++) % 20);
    for (std::size_t t = 0; t < length; ++t)
      samples[i].ids.push_back(t < 4 ? static_cast<std::int32_t>(t)
                                     : static_cast<std::int32_t>(random.bits(draw++) % 50));
    samples[i].counts.assign(length, true);
    std::fill_n(samples[i].counts.begin(), i % 3 == 0 ? length / 2 + 1 : 1, false);
    if (samples[i].counted() == 0) samples[i].counts.back() = true;
    samples[i].line = i + 1;
  }
  return samples;
}

TrainOptions options_of(std::int64_t micro_batch, std::int64_t accumulation) {
  TrainOptions options;
  options.micro_batch = micro_batch;
  options.accumulation = accumulation;
  return options;
}

TEST(Steps, TakeEverySampleOnceAnEpoch) {
  const std::vector<Sample> samples = made_up(23);
  TrainOptions options = options_of(4, 3);
  options.epochs = 2;
  const Steps steps(options, samples);
  EXPECT_EQ(steps.count(), 4);  // twice 6 micro-batches
  std::map<std::size_t, int> seen;
  for (std::int64_t step = 0; step < steps.count(); ++step)
    for (const Sample* sample : steps.data(step).samples) ++seen[sample->line];
  EXPECT_EQ(seen.size(), samples.size());
  for (const auto& [line, times] : seen) EXPECT_EQ(times, 2) << line;
  EXPECT_DOUBLE_EQ(steps.epochs_after(1), 0.5);
  EXPECT_DOUBLE_EQ(steps.epochs_after(4), 2);

  options.epochs = 1.1;  // 7 micro-batches: the last step is short
  const Steps more(options, samples);
  EXPECT_EQ(more.count(), 3);
  EXPECT_EQ(more.data(2).samples.size(), 4u);
  EXPECT_DOUBLE_EQ(more.epochs_after(3), 7.0 / 6);

  options.epochs = 0;
  options.max_steps = 17;
  EXPECT_EQ(Steps(options, samples).count(), 17);
}

// The loss is a mean, of tokens or of micro-batches, so the weights of a step's targets, or of each micro-batch's, sum
// up to 1.
TEST(Steps, WeightsMakeAMean) {
  const std::vector<Sample> samples = made_up(23);
  TrainOptions options = options_of(4, 3);
  for (const LossNorm norm : {LossNorm::kToken, LossNorm::kMicroBatch}) {
    options.loss_norm = norm;
    const Steps steps(options, samples);
    for (std::int64_t step = 0; step < 5; ++step) {
      const StepData data = steps.data(step);
      ASSERT_EQ(data.weights.size(), data.samples.size());
      double sum = 0;
      std::int64_t targets = 0, tokens = 0;
      std::map<float, double> by_weight;
      for (std::size_t i = 0; i < data.samples.size(); ++i) {
        const auto own = static_cast<double>(data.samples[i]->counted());
        sum += own * static_cast<double>(data.weights[i]);
        by_weight[data.weights[i]] += own * static_cast<double>(data.weights[i]);
        targets += data.samples[i]->counted();
        tokens += static_cast<std::int64_t>(data.samples[i]->ids.size());
      }
      EXPECT_NEAR(sum, 1, 1e-6);
      EXPECT_EQ(data.targets(), targets);
      EXPECT_EQ(data.tokens(), tokens);
      if (norm == LossNorm::kToken) {
        EXPECT_EQ(by_weight.size(), 1u);
      } else if (by_weight.size() == 3) {
        for (const auto& [weight, share] : by_weight) EXPECT_NEAR(share, 1.0 / 3, 1e-6) << weight;
      }
    }
  }
}

TEST(Steps, TheFingerprintIsThatOfDataAndOrder) {
  const std::vector<Sample> samples = made_up(23);
  const TrainOptions options = options_of(4, 3);
  const std::uint64_t usual = Steps(options, samples).fingerprint();
  TrainOptions other = options;
  other.learning_rate = 1, other.max_steps = 7;
  EXPECT_EQ(Steps(other, made_up(23)).fingerprint(), usual);
  EXPECT_NE(Steps(options, made_up(22)).fingerprint(), usual);
  EXPECT_NE(Steps(options_of(3, 4), samples).fingerprint(), usual);
  other.seed = 1;
  EXPECT_NE(Steps(other, samples).fingerprint(), usual);
  other = options;
  other.shuffle = false;
  EXPECT_NE(Steps(other, samples).fingerprint(), usual);
}

TEST(ShareOf, EachSampleOnceAndAboutEquallyManyTokens) {
  const std::vector<Sample> samples = made_up(16);
  const StepData all = Steps(options_of(4, 4), samples).data(0);
  for (const int size : {1, 2, 3, 4, 20}) {
    std::vector<std::size_t> lines;
    std::int64_t fewest = 1 << 20, most = 0;
    for (int rank = 0; rank < size; ++rank) {
      const StepData share = share_of(all, rank, size);
      std::size_t at = 0;  // in the order of the step, each with its weight
      for (std::size_t i = 0; i < share.samples.size(); ++i, ++at) {
        while (at < all.samples.size() && all.samples[at] != share.samples[i]) ++at;
        ASSERT_LT(at, all.samples.size());
        EXPECT_EQ(share.weights[i], all.weights[at]);
        lines.push_back(share.samples[i]->line);
      }
      fewest = std::min(fewest, share.tokens());
      most = std::max(most, share.tokens());
    }
    std::sort(lines.begin(), lines.end());
    ASSERT_EQ(lines.size(), 16u);
    for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i], i + 1);
    if (size <= 4) {
      EXPECT_LE(most - fewest, 7) << size;
    }
  }
}

TEST(PassesOf, EachSampleOnceWithItsWeightAndWithinTheLimit) {
  const std::vector<Sample> samples = made_up(40);
  TrainOptions options = options_of(10, 4);
  options.loss_norm = LossNorm::kMicroBatch;
  const StepData all = Steps(options, samples).data(0);
  std::map<std::size_t, float> weights;
  for (std::size_t i = 0; i < all.samples.size(); ++i) weights[all.samples[i]->line] = all.weights[i];
  for (const bool shared : {false, true})
    for (const std::int64_t max_tokens : {1, 30, 100, 100'000}) {
      std::map<std::size_t, float> seen;
      std::int64_t computed = 0;
      const std::vector<StepData> passes = passes_of(all, shared, max_tokens);
      for (const StepData& pass : passes) {
        const std::int64_t own = computed_tokens(pass, shared);
        EXPECT_TRUE(own <= max_tokens || pass.samples.size() == 1);
        computed += own;
        for (std::size_t i = 0; i < pass.samples.size(); ++i) seen[pass.samples[i]->line] = pass.weights[i];
      }
      EXPECT_EQ(seen, weights);
      if (max_tokens == 100'000) {
        EXPECT_EQ(passes.size(), 1u);
      }
      if (!shared || max_tokens == 1) {
        EXPECT_EQ(computed, all.tokens());
      } else {
        EXPECT_LT(computed, all.tokens());
      }
    }
}

}  // namespace
}  // namespace aacft::testing
