#include "aacft/tasks/candidates.h"

#include <algorithm>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/realise/coverage.h"
#include "aacft/realise/realiser.h"
#include "aacft/runtime/loaded_model.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {
namespace {

// A prompt whose answers come one by one.
struct Asked {
  std::vector<Candidate> candidates;
  std::size_t missing = 0;  // answers that have not come
};

void add_rule_draft(Asked& asked, const CandidatePrompt& prompt, const Lexicon& lexicon) {
  if (prompt.icons.empty()) return;
  Candidate draft{.source = CandidateSource::kRules, .text = realise(prompt.icons, lexicon)};
  draft.icons_said.assign(prompt.icons.size(), true);  // realise() leaves nothing out
  asked.candidates.push_back(std::move(draft));
}

Candidate candidate_of(const Generation& generation, CandidateSource source, const CandidatePrompt& prompt) {
  if (!generation.error.empty()) throw Error(generation.error);
  return {source, generation.text, icons_used(prompt.icons, generation.text), generation.likelihood, generation};
}

}  // namespace

std::string_view candidate_source_name(CandidateSource source) {
  return source == CandidateSource::kGreedy ? "greedy" : source == CandidateSource::kDrawn ? "drawn" : "rules";
}

std::size_t Candidate::said() const {
  return static_cast<std::size_t>(std::count(icons_said.begin(), icons_said.end(), true));
}

void rank(std::vector<Candidate>& candidates) {
  const auto is_rules = [](const Candidate& c) { return c.source == CandidateSource::kRules; };
  std::stable_sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
    if (a.said() != b.said()) return a.said() > b.said();
    if (is_rules(a) != is_rules(b)) return is_rules(b);
    return a.likelihood > b.likelihood;
  });
}

void generate_candidates(const LoadedModel& model, const std::string& adapter,
                         const std::vector<CandidatePrompt>& prompts, const GenerateOptions& options,
                         const CandidateOptions& wanted, const Lexicon* lexicon, const CandidateEvents& events) {
  Engine engine(model, options);
  std::vector<Asked> asked(prompts.size());
  std::size_t next = 0;
  const auto report_finished = [&] {
    for (; next < asked.size() && asked[next].missing == 0; ++next) {
      if (wanted.all_icons) add_rule_draft(asked[next], prompts[next], *lexicon);
      rank(asked[next].candidates);
      if (events.done) events.done(next, asked[next].candidates);
      asked[next].candidates.clear();
    }
  };
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    asked[i].missing = static_cast<std::size_t>(wanted.count);
    asked[i].candidates.resize(asked[i].missing);
    for (std::size_t k = 0; k < asked[i].missing; ++k) {
      const CandidateSource source = k == 0 ? CandidateSource::kGreedy : CandidateSource::kDrawn;
      Request request{"prompt " + std::to_string(i + 1),
                      with_beginning(model.tokenizer(), model.tokenizer().encode(prompts[i].text)),
                      adapter,
                      options,
                      k,
                      {},
                      {}};
      SamplingOptions& sampling = request.options.sampling;
      request.options.likelihood = true;
      if (source == CandidateSource::kGreedy) {
        sampling.temperature = 0;
      } else if (sampling.temperature == 0) {
        sampling.temperature = kCandidateTemperature;
      }
      request.done = [&, i, k, source](const Generation& generation) {
        asked[i].candidates[k] = candidate_of(generation, source, prompts[i]);
        --asked[i].missing;
        report_finished();
      };
      engine.submit(std::move(request));
    }
  }
  while (engine.step())
    if (events.stop_requested && events.stop_requested()) return;
}

}  // namespace aacft
