// Learning rates as transformers computes them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "aacft/train/options.h"

namespace aacft {

// The factor on the peak rate for update t (from 0) of `total`, after `warmup` updates that rise linearly from 0.
inline double schedule_factor(Schedule schedule, std::int64_t t, std::int64_t warmup, std::int64_t total) {
  if (t < warmup) return static_cast<double>(t) / static_cast<double>(std::max<std::int64_t>(1, warmup));
  if (schedule == Schedule::kConstant) return 1.0;
  const auto span = static_cast<double>(std::max<std::int64_t>(1, total - warmup));
  if (schedule == Schedule::kLinear) return std::max(0.0, static_cast<double>(total - t) / span);
  const double progress = static_cast<double>(t - warmup) / span;
  return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
}

}  // namespace aacft
