#include "aacft/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace aacft::testing {
namespace {

TEST(ScheduleFactor, Formulas) {
  const std::int64_t warmup = 100, total = 200;
  for (std::int64_t t = 0; t <= total + 5; ++t) {
    const double rise = static_cast<double>(t) / 100, fall = static_cast<double>(200 - t) / 100;
    EXPECT_DOUBLE_EQ(schedule_factor(Schedule::kConstant, t, warmup, total), std::min(rise, 1.0));
    EXPECT_DOUBLE_EQ(schedule_factor(Schedule::kLinear, t, warmup, total), t < 100 ? rise : std::max(fall, 0.0));
    const double cosine = std::pow(std::cos(M_PI / 2 * (rise - 1)), 2);
    EXPECT_NEAR(schedule_factor(Schedule::kCosine, t, warmup, total), t < 100 ? rise : cosine, 1e-12);
  }
}

TEST(ScheduleFactor, Edges) {
  for (const Schedule schedule : {Schedule::kLinear, Schedule::kCosine, Schedule::kConstant}) {
    EXPECT_EQ(schedule_factor(schedule, 0, 0, 10), 1);      // no warm-up
    EXPECT_EQ(schedule_factor(schedule, 0, 3, 10), 0);      // the first update
    EXPECT_EQ(schedule_factor(schedule, 3, 3, 10), 1);      // the peak
    EXPECT_EQ(schedule_factor(schedule, 9, 20, 10), 0.45);  // a warm-up that never ends
    EXPECT_EQ(schedule_factor(schedule, 10, 10, 10), schedule == Schedule::kLinear ? 0 : 1);
  }
  EXPECT_EQ(schedule_factor(Schedule::kLinear, 10, 0, 10), 0);
  EXPECT_EQ(schedule_factor(Schedule::kLinear, 1000, 0, 10), 0);
  EXPECT_NEAR(schedule_factor(Schedule::kCosine, 10, 0, 10), 0, 1e-15);
}

}  // namespace
}  // namespace aacft::testing
