#include "aacft/generate/sampler.h"

#include <algorithm>
#include <cmath>

#include "aacft/base/random.h"

namespace aacft {
namespace {

struct Candidate {
  double logit;
  std::int32_t id;
};

bool likelier(const Candidate& a, const Candidate& b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; }

}  // namespace

std::int32_t choose_token(std::span<const float> logits, std::span<const std::int32_t> previous,
                          const SamplingOptions& options, std::uint64_t stream, std::uint64_t position) {
  std::vector<Candidate> candidates(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) candidates[i] = {logits[i], static_cast<std::int32_t>(i)};
  if (options.repetition_penalty != 1) {
    for (const std::int32_t id : previous) {  // some more than once: from the logit as it was, so once is enough
      const double logit = logits[static_cast<std::size_t>(id)];
      candidates[static_cast<std::size_t>(id)].logit =
          logit < 0 ? logit * options.repetition_penalty : logit / options.repetition_penalty;
    }
  }
  if (options.temperature <= 0) return std::min_element(candidates.begin(), candidates.end(), likelier)->id;

  for (Candidate& candidate : candidates) candidate.logit /= options.temperature;
  const std::size_t k =
      options.top_k > 0 ? std::min(static_cast<std::size_t>(options.top_k), candidates.size()) : candidates.size();
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(k), candidates.end(),
                    likelier);
  candidates.resize(k);

  std::vector<double> weights;
  double total = 0;
  for (const Candidate& candidate : candidates) {
    weights.push_back(std::exp(candidate.logit - candidates.front().logit));
    total += weights.back();
  }
  if (options.top_p < 1) {
    double sum = 0;
    std::size_t kept = 0;
    // The token that crosses the threshold still belongs.
    while (kept < weights.size() && sum < options.top_p * total) sum += weights[kept++];
    weights.resize(std::max<std::size_t>(kept, 1));
    total = kept > 0 ? sum : weights[0];
  }
  double left = RandomStream(options.seed, Purpose::kSampling, stream).uniform_double(position) * total;
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0) return candidates[i].id;
  }
  return candidates[weights.size() - 1].id;
}

}  // namespace aacft
