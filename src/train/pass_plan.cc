#include "aacft/train/pass_plan.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "aacft/base/system.h"
#include "aacft/model/sample_pass.h"

namespace aacft {
namespace {

std::int64_t tokens_that_fit(const PassMemory& memory, std::size_t kept, std::size_t recomputed, std::uint64_t budget) {
  if (budget <= memory.fixed) return 0;
  return static_cast<std::int64_t>((budget - memory.fixed) / (memory.total(1, kept, recomputed) - memory.fixed));
}

}  // namespace

PassPlan plan_passes(const PassMemory& memory, std::size_t layers, std::int64_t wanted, std::int64_t longest,
                     Recompute recompute, std::uint64_t budget) {
  const auto plan = [&](std::size_t kept) {
    const std::int64_t tokens = tokens_that_fit(memory, kept, layers - kept, budget);
    return PassPlan{std::max(tokens, longest), kept, tokens >= longest};
  };
  if (recompute == Recompute::kOff) return plan(layers);
  if (recompute == Recompute::kOn) return plan(0);
  std::size_t kept = layers;
  while (kept > 0 && tokens_that_fit(memory, kept, layers - kept, budget) < wanted) --kept;
  return plan(kept);
}

PassPlan plan_passes(const TrainOptions& options, const PassMemory& memory, const RunInput& input,
                     std::uint64_t budget) {
  std::vector<std::int64_t> lengths = lengths_of(pointers_to(input.data.samples));
  std::sort(lengths.begin(), lengths.end(), std::greater<>());
  lengths.resize(std::min(lengths.size(), static_cast<std::size_t>(options.micro_batch * options.accumulation)));
  const std::int64_t largest_step = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  const std::int64_t longest = input.data.longest();
  const bool shares = shares_prefixes(options);
  const std::int64_t wanted = std::max(longest, std::min(largest_step, shares ? kSharedPassTokens : kUsefulPassTokens));
  PassPlan plan = plan_passes(memory, static_cast<std::size_t>(input.config.num_layers), wanted, longest,
                              options.recompute, budget);
  // What is shared must not depend on the memory that a machine has, or results would.
  if (shares) plan = {std::max(longest, kSharedPassTokens), plan.kept_layers, plan.max_tokens >= wanted};
  return plan;
}

bool shares_prefixes(const TrainOptions& options) {
  return options.share_prefixes == SharePrefixes::kOn ||
         (options.share_prefixes == SharePrefixes::kAuto && !options.full);
}

std::uint64_t memory_budget(const TrainOptions& options) {
  return options.memory_budget > 0 ? options.memory_budget : rss_bytes() + available_memory_bytes() / 10 * 9;
}

}  // namespace aacft
