// One sentence that is looked for: candidates of the model, as they are finished.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/realise/candidate.h"
#include "aacft/serve/http.h"
#include "aacft/serve/scheduler.h"

namespace aacft {

class CandidateStream {
 public:
  // wanted: how many; draft: what needs not be said again. The first requests are under way in `answers`, where there
  // is a model; `another` is one more of the kind, but for its draw.
  struct Options {
    std::vector<Icon> icons;
    std::string draft, draft_source;
    std::size_t wanted = 0;
    double most_seconds = 60;
    bool english = true;  // what says none of the icons is noticed
    Request another;
  };
  CandidateStream(Options options, HttpRequest request, std::unique_ptr<Answers> answers)
      : options_(std::move(options)), request_(std::move(request)), answers_(std::move(answers)) {}

  // Events, a line of JSON each, until the last.
  void write(const HttpWrite& write);

 private:
  struct Numbered : Candidate {
    std::size_t index = 0;
  };

  bool take(const Answers::Event& event, const HttpWrite& write);
  bool is_new(const std::string& text) const;
  bool is_fit(const Candidate& candidate) const;  // to be offered

  const Options options_;
  const HttpRequest request_;
  std::unique_ptr<Answers> answers_;
  std::vector<Numbered> candidates_;
  std::size_t drawn_again_ = 0;
};

}  // namespace aacft
