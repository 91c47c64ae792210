#include "aacft/train/pass_plan.h"

#include <gtest/gtest.h>

#include <limits>

namespace aacft::testing {
namespace {

TEST(PassPlan, FitsTheBudget) {
  const PassMemory memory{
      .per_token_kept = 1000, .per_token_recomputed = 100, .per_token_working = 3000, .fixed = 1'000'000};
  constexpr std::size_t kLayers = 12;
  for (const std::int64_t longest : {1, 100, 2000}) {
    PassPlan last_auto, last_off, last_on;
    for (std::uint64_t budget = 0; budget < 60'000'000; budget += 500'000) {
      const auto plan = [&](Recompute recompute) {
        const PassPlan made =
            plan_passes(memory, kLayers, std::max<std::int64_t>(512, longest), longest, recompute, budget);
        EXPECT_GE(made.max_tokens, longest);
        if (made.max_tokens > longest) {
          EXPECT_LE(memory.total(made.max_tokens, made.kept_layers, kLayers - made.kept_layers), budget);
          EXPECT_GT(memory.total(made.max_tokens + 1, made.kept_layers, kLayers - made.kept_layers), budget);
        }
        return made;
      };
      const PassPlan off = plan(Recompute::kOff), on = plan(Recompute::kOn), automatic = plan(Recompute::kAuto);
      EXPECT_EQ(off.kept_layers, kLayers);
      EXPECT_EQ(on.kept_layers, 0u);
      EXPECT_LE(off.max_tokens, on.max_tokens);
      // More memory never means less of either.
      EXPECT_GE(off.max_tokens, last_off.max_tokens);
      EXPECT_GE(on.max_tokens, last_on.max_tokens);
      EXPECT_GE(automatic.kept_layers, last_auto.kept_layers);
      // One more layer is not kept only because passes would become too short.
      if (const std::size_t more = automatic.kept_layers + 1; more <= kLayers) {
        EXPECT_GT(memory.total(std::max<std::int64_t>(512, longest), more, kLayers - more), budget);
      }
      last_off = off, last_on = on, last_auto = automatic;
    }
    EXPECT_EQ(last_auto.kept_layers, kLayers);
  }
}

TEST(PassPlan, AllTheMemoryThereIs) {
  const PassMemory memory{.per_token_kept = 10, .per_token_recomputed = 1, .per_token_working = 10, .fixed = 100};
  const auto plan = plan_passes(memory, 4, 512, 7, Recompute::kAuto, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(plan.kept_layers, 4u);
  EXPECT_GT(plan.max_tokens, std::int64_t{1} << 50);
}

}  // namespace
}  // namespace aacft::testing
