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

// Ties go to the lowest id.
bool likelier(const Candidate& a, const Candidate& b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; }
bool less_likely(const Candidate& a, const Candidate& b) { return likelier(b, a); }

std::int32_t likeliest(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::vector<Candidate> candidates_of(std::span<const float> logits, std::span<const std::int32_t> previous,
                                     double repetition_penalty) {
  std::vector<Candidate> candidates(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) candidates[i] = {logits[i], static_cast<std::int32_t>(i)};
  if (repetition_penalty == 1) return candidates;
  for (const std::int32_t id : previous) {  // some more than once: from the logit as it was, so once is enough
    const double logit = logits[static_cast<std::size_t>(id)];
    candidates[static_cast<std::size_t>(id)].logit =
        logit < 0 ? logit * repetition_penalty : logit / repetition_penalty;
  }
  return candidates;
}

// Gives candidates from the likeliest on, and sorts no more of them than are asked for.
class Descending {
 public:
  explicit Descending(std::vector<Candidate>& candidates) : heap_(candidates), left_(candidates.size()) {
    std::make_heap(heap_.begin(), heap_.end(), less_likely);
  }
  bool empty() const { return left_ == 0; }
  const Candidate& pop() {
    std::pop_heap(heap_.begin(), heap_.begin() + static_cast<std::ptrdiff_t>(left_), less_likely);
    return heap_[--left_];
  }

 private:
  std::vector<Candidate>& heap_;
  std::size_t left_;
};

}  // namespace

std::int32_t choose_token(std::span<const float> logits, std::span<const std::int32_t> previous,
                          const SamplingOptions& options, std::uint64_t stream, std::uint64_t position) {
  if (options.temperature <= 0 && options.repetition_penalty == 1) return likeliest(logits);
  std::vector<Candidate> candidates = candidates_of(logits, previous, options.repetition_penalty);
  if (options.temperature <= 0) return std::min_element(candidates.begin(), candidates.end(), likelier)->id;

  for (Candidate& candidate : candidates) candidate.logit /= options.temperature;
  if (options.top_k > 0 && static_cast<std::size_t>(options.top_k) < candidates.size()) {
    std::nth_element(candidates.begin(), candidates.begin() + options.top_k, candidates.end(), likelier);
    candidates.resize(static_cast<std::size_t>(options.top_k));
  }
  const double largest = std::min_element(candidates.begin(), candidates.end(), likelier)->logit;
  double total = 0;
  for (const Candidate& candidate : candidates) total += std::exp(candidate.logit - largest);

  const double drawn = RandomStream(options.seed, Purpose::kSampling, stream).uniform_double(position);
  Descending descending(candidates);
  if (options.top_p < 1) {
    // The token that crosses the threshold still belongs.
    std::vector<Candidate> kept;
    double sum = 0;
    while (!descending.empty() && (kept.empty() || sum < options.top_p * total)) {
      kept.push_back(descending.pop());
      sum += std::exp(kept.back().logit - largest);
    }
    double left = drawn * sum;
    for (const Candidate& candidate : kept)
      if ((left -= std::exp(candidate.logit - largest)) < 0) return candidate.id;
    return kept.back().id;
  }
  double left = drawn * total;
  for (;;) {
    const Candidate& candidate = descending.pop();
    left -= std::exp(candidate.logit - largest);
    if (left < 0 || descending.empty()) return candidate.id;
  }
}

}  // namespace aacft
