// What is forecast is what a run does. tests/cli/plan_test.cc compares memory.
#include "aacft/train/plan.h"

#include <gtest/gtest.h>

#include "aacft/train/run_data.h"
#include "train/support.h"

namespace aacft::testing {
namespace {

TEST(Forecast, StepsAndPassesOfTheRun) {
  const TemporaryFolder folder;
  for (const SharePrefixes share : {SharePrefixes::kOn, SharePrefixes::kOff}) {
    TrainOptions o = tiny(folder / (share == SharePrefixes::kOn ? "shared" : "apart"));
    o.share_prefixes = share;
    o.micro_batch = 16;
    o.epochs = 1;
    const RunForecast f = forecast(o, read_run_input(o, {}));
    const Recorded recorded = run(o);
    double passes = 0;
    for (const StepReport& step : recorded.steps) passes += static_cast<double>(step.passes);
    EXPECT_EQ(f.total_steps, recorded.info.total_steps);
    EXPECT_EQ(f.samples, recorded.info.samples);
    EXPECT_EQ(f.tokens, recorded.info.tokens);
    EXPECT_DOUBLE_EQ(f.passes_a_step * static_cast<double>(f.total_steps), passes);
    EXPECT_NEAR(f.tokens_a_step * static_cast<double>(f.total_steps), static_cast<double>(f.tokens), 1e-6);
    if (share == SharePrefixes::kOn) {
      EXPECT_LT(f.computed_a_step, f.tokens_a_step);
    } else {
      EXPECT_DOUBLE_EQ(f.computed_a_step, f.tokens_a_step);
    }
    EXPECT_TRUE(f.fits());
  }
}

TEST(Forecast, NamesWhatWouldFit) {
  TrainOptions o = tiny("");
  o.recompute = Recompute::kOff;
  const RunInput input = read_run_input(o, {});
  o.memory_budget = 1;
  const RunForecast hopeless = forecast(o, input);
  EXPECT_FALSE(hopeless.fits());
  EXPECT_TRUE(hopeless.remedies.empty());
  EXPECT_NE(shortage(hopeless).find("a smaller model need less"), std::string::npos) << shortage(hopeless);

  RunForecast tight = hopeless;
  tight.remedies = {"--compute bf16 (3.8 GB)", "no --full (2.1 GB)"};
  EXPECT_NE(shortage(tight).find("; it fits with --compute bf16 (3.8 GB), or no --full (2.1 GB)"), std::string::npos)
      << shortage(tight);
}

}  // namespace
}  // namespace aacft::testing
