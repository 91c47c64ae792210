// Several answers to a prompt of icons, the best first, so that no word that was tapped is lost.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"
#include "aacft/generate/generator.h"

namespace aacft {

struct CandidateOptions {
  std::int64_t count = 1;  // answers a prompt: one greedy, the others drawn
  bool all_icons = false;  // where none of them says all icons, the rule draft comes first
};

// Of the drawn ones, where the generation's temperature is 0.
constexpr double kCandidateTemperature = 0.7;

enum class CandidateSource { kGreedy, kDrawn, kRules };
std::string_view candidate_source_name(CandidateSource source);  // "greedy", "drawn", "rules"

struct Candidate {
  CandidateSource source = CandidateSource::kGreedy;
  std::string text;
  std::vector<bool> icons_said;  // one for each icon of the prompt
  double likelihood = 0;         // mean log p a token, nats; 0 for rules
  Generation generation;         // empty for rules

  std::size_t said() const;
  bool says_all() const { return said() == icons_said.size(); }
};

// Best first: more icons said, then likelier a token, then the earlier; the rule draft wins where nothing else says
// all.
void rank(std::vector<Candidate>& candidates);

// What is asked: the text that the model continues, and the icons in it (none: ranked by likelihood alone).
struct CandidatePrompt {
  std::string text;
  std::vector<Icon> icons;
};

struct CandidateEvents {
  // Called for every prompt, in input order; there is at least one candidate.
  std::function<void(std::size_t index, const std::vector<Candidate>& best_first)> done;
  std::function<bool()> stop_requested;  // asked after every token; ends without the rest
};

// The answers of a loaded model with one of its adapters ("": alone). All of a prompt's candidates are under way
// together, and its tokens are computed once. The lexicon is needed for all_icons only.
void generate_candidates(const LoadedModel& model, const std::string& adapter,
                         const std::vector<CandidatePrompt>& prompts, const GenerateOptions& options,
                         const CandidateOptions& candidates, const Lexicon* lexicon, const CandidateEvents& events);

}  // namespace aacft
