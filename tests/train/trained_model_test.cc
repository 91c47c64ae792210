#include "train/trained_model.h"

#include <gtest/gtest.h>

#include "aacft/train/run_data.h"
#include "aacft/train/step_data.h"
#include "train/step.h"
#include "train/support.h"

namespace aacft::testing {
namespace {

TrainOptions options_of(bool full) {
  TrainOptions o = tiny("");
  o.full = full;
  return o;
}

double step(TrainedModel& trained, const TrainOptions& options, const RunInput& input, std::int64_t number) {
  Workers alone;
  const PassPlan plan{100, 1, true};
  return take_step(trained, Steps(options, input.data.samples).data(number), number, 0.01, options, plan, alone).loss;
}

TEST(TrainedModel, ReadsWhatItWrote) {
  for (const bool full : {false, true}) {
    SCOPED_TRACE(full);
    const TemporaryFolder folder;
    const TrainOptions o = options_of(full);
    const RunInput input = read_run_input(o, {});
    TrainedModel trained(o, {}), other(o, {});
    EXPECT_EQ(trained.lora() == nullptr, full);
    EXPECT_EQ(trained.num_trained() == trained.model().config().num_parameters(), full);
    const double untrained = step(trained, o, input, 0);
    EXPECT_LT(step(trained, o, input, 0), untrained);
    make_folders(folder / "run");
    trained.write(folder / "run");
    other.read(folder / "run");
    EXPECT_EQ(step(other, o, input, 0), step(trained, o, input, 0));
  }
}

TEST(TrainedModel, RefusesTheWeightsOfAnotherRun) {
  TrainOptions o = options_of(false);
  TrainedModel trained(o, {});
  expect_error([&] { trained.read(goldens_dir() / "adapter-par-r8-eos"); }, {"another run"},
               "adapter_model.safetensors");
}

}  // namespace
}  // namespace aacft::testing
