#include "serve/saying.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aacft/base/text.h"
#include "aacft/realise/coverage.h"
#include "serve/following.h"
#include "serve/json_body.h"

namespace aacft {

using nlohmann::json;

namespace {

bool send(const HttpWrite& write, const json& event) { return write(json_text(event) + "\n"); }

// Alike but for case and marks at the end.
std::string gist(std::string_view text) {
  while (!text.empty() && std::string_view(" .!?").find(text.back()) != text.npos) text.remove_suffix(1);
  std::string plain(text);
  std::transform(plain.begin(), plain.end(), plain.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return plain;
}

json left_out(const std::vector<Icon>& icons, const std::vector<bool>& said) {
  json words = json::array();
  for (std::size_t i = 0; i < icons.size(); ++i)
    if (!said[i]) words.push_back(icons[i].word);
  return words;
}

}  // namespace

bool CandidateStream::is_new(const std::string& text) const {
  const std::string own = gist(text);
  return own != gist(options_.draft) && std::none_of(candidates_.begin(), candidates_.end(),
                                                     [&](const Candidate& other) { return gist(other.text) == own; });
}

// Small models sometimes say marks of a prompt, or nothing of what was tapped.
bool CandidateStream::is_fit(const Candidate& candidate) const {
  if (candidate.text.empty() || candidate.text.find_first_of("<>{}|") != candidate.text.npos) return false;
  return !options_.english || candidate.said() > 0;
}

bool CandidateStream::take(const Answers::Event& event, const HttpWrite& write) {
  if (!event.ended) return true;
  if (!event.ended->error.empty()) throw HttpError(500, event.ended->error);
  const std::string text = one_line(event.ended->text);
  const Numbered candidate{{event.index == 0 ? CandidateSource::kGreedy : CandidateSource::kDrawn, text,
                            icons_used(options_.icons, text), event.ended->likelihood},
                           candidates_.size()};
  if (!is_fit(candidate) || !is_new(text)) {
    if (drawn_again_ >= options_.wanted) return true;
    ++drawn_again_;
    Request again = options_.another;
    again.draw = options_.wanted + drawn_again_;
    answers_->add(std::move(again));
    return true;
  }
  candidates_.push_back(candidate);
  return send(write, {{"event", "candidate"},
                      {"index", candidate.index},
                      {"text", text},
                      {"source", candidate_source_name(candidate.source)},
                      {"said", candidate.icons_said},
                      {"left_out", left_out(options_.icons, candidate.icons_said)}});
}

void CandidateStream::write(const HttpWrite& write) {
  if (!send(write, {{"event", "draft"}, {"text", options_.draft}, {"source", options_.draft_source}}))
    return answers_.reset();
  try {
    if (answers_ && !follow(*answers_, request_, options_.most_seconds,
                            [&](const Answers::Event& event) { return take(event, write); }))
      return answers_.reset();
    rank(candidates_);
    json order = json::array();
    for (const Numbered& candidate : candidates_) order.push_back(candidate.index);
    send(write, {{"event", "done"}, {"order", order}});
  } catch (const std::exception& error) {
    send(write, {{"event", "error"}, {"message", error.what()}});
  }
  answers_.reset();
}

}  // namespace aacft
