// Training in bf16 and over quantised weights: near the fp32 run, and laws 1 and 2.
#include <gtest/gtest.h>

#include <cmath>

#include "train/support.h"

namespace aacft::testing {
namespace {

std::vector<double> curve(const TemporaryFolder& folder, const std::string& name, Compute compute,
                          std::optional<WeightType> base = {}) {
  TrainOptions o = tiny(folder / name);
  o.max_steps = 8;
  o.warmup = 0;
  o.model_options = {.compute = compute, .base_weights = base};
  return run(o).losses();
}

double mean_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

TEST(ComputeTypes, StayNearFp32) {
  const TemporaryFolder folder;
  const auto fp32 = curve(folder, "fp32", Compute::kFp32);
  // Of a bf16 number 8 bits count: operands are off by 2^-9 of their size, and errors of many average out.
  const double bf16 = mean_difference(curve(folder, "bf16", Compute::kBf16), fp32);
  EXPECT_GT(bf16, 0);
  EXPECT_LT(bf16, 0.004 * fp32[0]);
  const double int8 = mean_difference(curve(folder, "int8", Compute::kFp32, WeightType::kInt8), fp32);
  EXPECT_GT(int8, 0);
  EXPECT_LT(int8, 0.01 * fp32[0]);
  const double nf4 = mean_difference(curve(folder, "nf4", Compute::kBf16, WeightType::kNf4), fp32);
  EXPECT_GT(nf4, int8);
  EXPECT_LT(nf4, 0.1 * fp32[0]);
  // bf16 weights from a bf16 file lose nothing.
  EXPECT_EQ(curve(folder, "same", Compute::kFp32, WeightType::kFp32), fp32);
}

TEST(ComputeTypes, Bf16KeepsTheLaws) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "one");
  o.model_options.compute = Compute::kBf16;
  o.max_steps = 3;
  o.threads = 1;
  const auto losses = run(o).losses();
  const std::string bytes = adapter_bytes(o.output);
  o.output = folder / "other";
  o.threads = 3;
  o.recompute = Recompute::kOn;
  EXPECT_EQ(run(o).losses(), losses);
  EXPECT_EQ(adapter_bytes(o.output), bytes);
}

// Weights that are trained themselves are fp32.
TEST(ComputeTypes, FullTrainingIsFp32) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "one");
  o.full = true;
  o.max_steps = 2;
  const auto losses = run(o).losses();
  o.output = folder / "other";
  o.model_options.compute = Compute::kBf16;
  EXPECT_EQ(run(o).losses(), losses);
  o.output = folder / "frozen";
  o.model_options.base_weights = WeightType::kNf4;
  EXPECT_THROW(run(o), UsageError);
  EXPECT_FALSE(fs::exists(o.output));
}

}  // namespace
}  // namespace aacft::testing
