#include "aacft/tasks/candidates.h"

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
  std::vector<GeneratedCandidate> candidates;
  std::size_t missing = 0;  // answers that have not come
};

void add_rule_draft(Asked& asked, const CandidatePrompt& prompt, const Lexicon& lexicon) {
  if (prompt.icons.empty()) return;
  // realise() leaves nothing out.
  asked.candidates.push_back(
      {{CandidateSource::kRules, realise(prompt.icons, lexicon), std::vector<bool>(prompt.icons.size(), true)}, {}});
}

GeneratedCandidate candidate_of(const Generation& generation, CandidateSource source, const CandidatePrompt& prompt) {
  if (!generation.error.empty()) throw Error(generation.error);
  return {{source, generation.text, icons_used(prompt.icons, generation.text), generation.likelihood}, generation};
}

}  // namespace

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
                      candidate_options(options, k),
                      k,
                      {},
                      {}};
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
