// Several sentences for the same icons, the best first, so that no word that was tapped is lost.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

enum class CandidateSource { kGreedy, kDrawn, kRules };

constexpr std::string_view candidate_source_name(CandidateSource source) {
  return source == CandidateSource::kGreedy ? "greedy" : source == CandidateSource::kDrawn ? "drawn" : "rules";
}

struct Candidate {
  CandidateSource source = CandidateSource::kGreedy;
  std::string text;
  std::vector<bool> icons_said;  // one for each icon of the prompt
  double likelihood = 0;         // mean log p a token, nats; 0 for rules

  std::size_t said() const { return static_cast<std::size_t>(std::count(icons_said.begin(), icons_said.end(), true)); }
  bool says_all() const { return said() == icons_said.size(); }
};

// More icons said, then likelier a token; the rule draft wins where nothing else says all.
inline bool is_better(const Candidate& a, const Candidate& b) {
  const auto is_rules = [](const Candidate& candidate) { return candidate.source == CandidateSource::kRules; };
  if (a.said() != b.said()) return a.said() > b.said();
  if (is_rules(a) != is_rules(b)) return is_rules(b);
  return a.likelihood > b.likelihood;
}

// Best first, and where two are as good, the earlier.
template <typename T>
void rank(std::vector<T>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(), [](const T& a, const T& b) { return is_better(a, b); });
}

}  // namespace aacft
