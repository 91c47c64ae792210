#include "train/step.h"

#include <gtest/gtest.h>

#include <cmath>

#include "aacft/train/run_data.h"
#include "train/support.h"

namespace aacft::testing {
namespace {

struct Step : ::testing::Test {
  TemporaryFolder folder;
  TrainOptions options = tiny("");
  RunInput input = read_run_input(options, {});
  TrainedModel trained{options, {}};
  Workers alone;
  StepData data = Steps(options, input.data.samples).data(0);

  StepResult take(double learning_rate, std::int64_t max_tokens = 100) {
    return take_step(trained, data, 0, learning_rate, options, {max_tokens, 1, true}, alone);
  }
  std::string weights() {
    trained.write(folder.path());
    return adapter_bytes(folder.path());
  }
};

TEST_F(Step, LowersTheLoss) {
  const StepResult first = take(0.01), second = take(0.01);
  EXPECT_TRUE(first.finite());
  EXPECT_GT(first.grad_norm, 0);
  EXPECT_LT(second.loss, first.loss);
  EXPECT_EQ(first.communication_seconds, 0);
}

TEST_F(Step, CountsItsPasses) {
  options.share_prefixes = SharePrefixes::kOff;
  EXPECT_EQ(take(0, 1).passes, static_cast<std::int64_t>(data.samples.size()));
  EXPECT_EQ(take(0, 100'000).passes, 1);
}

TEST_F(Step, ChangesNothingWhereTheLossIsNotFinite) {
  const std::string before = weights();
  data.weights[0] = INFINITY;
  EXPECT_FALSE(take(0.01).finite());
  EXPECT_TRUE(weights() == before);
  data.weights[0] = data.weights[1];
  EXPECT_TRUE(take(0.01).finite());
  EXPECT_FALSE(weights() == before);
}

}  // namespace
}  // namespace aacft::testing
