// Several answers to a prompt of icons, the best first, so that no word that was tapped is lost.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"
#include "aacft/generate/generator.h"
#include "aacft/realise/candidate.h"

namespace aacft {

struct CandidateOptions {
  std::int64_t count = 1;  // answers a prompt: one greedy, the others drawn
  bool all_icons = false;  // where none of them says all icons, the rule draft comes first
};

struct GeneratedCandidate : Candidate {
  Generation generation;  // empty for rules
};

// What is asked: the text that the model continues, and the icons in it (none: ranked by likelihood alone).
struct CandidatePrompt {
  std::string text;
  std::vector<Icon> icons;
};

struct CandidateEvents {
  // Called for every prompt, in input order, with the candidates as rank() sorts them; there is at least one.
  std::function<void(std::size_t index, const std::vector<GeneratedCandidate>& best_first)> done;
  std::function<bool()> stop_requested;  // asked after every token; ends without the rest
};

// The answers of a loaded model with one of its adapters ("": alone). All of a prompt's candidates are under way
// together, and its tokens are computed once. The lexicon is needed for all_icons only.
void generate_candidates(const LoadedModel& model, const std::string& adapter,
                         const std::vector<CandidatePrompt>& prompts, const GenerateOptions& options,
                         const CandidateOptions& candidates, const Lexicon* lexicon, const CandidateEvents& events);

}  // namespace aacft
