#include "aacft/train/pass_plan.h"

#include <algorithm>

namespace aacft {
namespace {

std::int64_t rows_that_fit(const PassMemory& memory, std::size_t kept, std::size_t recomputed, std::uint64_t budget) {
  if (budget <= memory.fixed) return 0;
  return static_cast<std::int64_t>((budget - memory.fixed) / (memory.total(1, kept, recomputed) - memory.fixed));
}

}  // namespace

PassPlan plan_passes(const PassMemory& memory, std::size_t layers, std::int64_t wanted, std::int64_t longest, Recompute recompute,
                     std::uint64_t budget) {
  const auto plan = [&](std::size_t kept) {
    return PassPlan{std::max(rows_that_fit(memory, kept, layers - kept, budget), longest), kept};
  };
  if (recompute == Recompute::kOff) return plan(layers);
  if (recompute == Recompute::kOn) return plan(0);
  std::size_t kept = layers;
  while (kept > 0 && rows_that_fit(memory, kept, layers - kept, budget) < wanted) --kept;
  return plan(kept);
}

}  // namespace aacft
