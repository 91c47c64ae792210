#include "aacft/chat/icon_session.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/data/turns.h"
#include "aacft/realise/coverage.h"
#include "aacft/realise/icon_words.h"
#include "aacft/realise/realiser.h"

namespace aacft {
namespace {

// The number that a line is; nothing where it is none.
std::optional<std::size_t> number_in(std::string_view line) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc() || end != line.data() + line.size()) return {};
  return number;
}

std::string left_out(const Candidate& candidate, const std::vector<Icon>& icons) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < icons.size(); ++i)
    if (!candidate.icons_said[i]) words.push_back(icons[i].word);
  return words.empty() ? "" : "leaves out: " + listed(words);
}

}  // namespace

IconSession::IconSession(const ChatModel& model, const Lexicon& lexicon, const IconOptions& options, Console& console)
    : model_(model), lexicon_(lexicon), options_(options), console_(console), commands_(console) {
  end_as_in(options_.style, model_.tokenizer, options_.answer);
  add_commands();
}

void IconSession::add_commands() {
  commands_.add("/voice", "[NAME]", "lets another adapter speak; - for the model alone; alone: lists them",
                [this](const std::string& name) {
                  if (!name.empty()) options_.voice = voice_named(model_, name);
                  console_.note(voices_text(model_, options_.voice));
                });
  commands_.add("/undo", "", "forgets the last choice", [this](const std::string&) {
    if (choices_.empty()) throw Error("nothing was chosen that could be taken back");
    console_.note("(taken back: " + in_quotes(choices_.back().sentence) + ")");
    choices_.pop_back();
  });
  commands_.add("/reset", "", "forgets all choices", [this](const std::string&) {
    choices_.clear();
    console_.note("(all choices are forgotten)");
  });
  commands_.add("/raw_prompt", "", "shows what the model was given for the last icons", [this](const std::string&) {
    if (icons_.empty()) throw Error("nothing was asked yet");
    console_.note(prompt(realise(icons_, lexicon_)));
  });
  commands_.add("/hyperparameters", "", "shows how candidates are drawn", [this](const std::string&) {
    console_.note(hyperparameters_text(options_.answer) + "\n" + std::to_string(options_.candidates) +
                  " candidates, the first one greedy; voice " +
                  (options_.voice.empty() ? "-" : presentable(options_.voice)));
  });
  commands_.add("/save", "FILE", "writes what was chosen as rows for aacft train --data",
                [this](const std::string& file) { save(file); });
}

void IconSession::run() {
  while (!commands_.exit_wanted()) {
    const std::optional<std::string> line =
        console_.read_line(offered_.empty() ? "icons> " : "1-" + std::to_string(offered_.size()) + ", or icons> ");
    if (!line) return;
    if (commands_.take(*line)) continue;
    try {
      take(std::string(said_in(*line)));
    } catch (const Error& error) {
      console_.note(error.what());
    }
  }
}

void IconSession::take(const std::string& line) {
  if (line.empty()) {
    offered_.clear();
  } else if (const auto number = number_in(line); number && !offered_.empty()) {
    choose(*number);
  } else if (!valid_utf8(line)) {
    throw Error("what was typed is not text in UTF-8");
  } else {
    offer(line);
  }
}

void IconSession::offer(const std::string& words) {
  offered_.clear();
  std::vector<std::string> unknown;
  icons_ = icons_of_words(words, lexicon_, &unknown);
  if (!unknown.empty())
    console_.note("(not in the table of words, so taken for " + std::string(unknown.size() == 1 ? "a noun" : "nouns") +
                  ": " + listed(unknown) + "; word/VERB, or another type, if that is wrong)");
  const std::string draft = realise(icons_, lexicon_);
  offer_sentence(draft, "by rule");
  for (const Candidate& candidate : ask(prompt(draft))) offer_sentence(candidate.text, left_out(candidate, icons_));
}

// With the number that chooses it; once.
void IconSession::offer_sentence(const std::string& sentence, const std::string& remark) {
  const std::string text = one_line(sentence);
  if (text.empty() || std::find(offered_.begin(), offered_.end(), text) != offered_.end()) return;
  offered_.push_back(text);
  console_.note(std::to_string(offered_.size()) + "  " + text + (remark.empty() ? "" : "  (" + remark + ")"));
}

// What the model is given: to an adapter the row that it has learned from; to the model alone, where it has turns of
// its own, what the row says, as somebody would ask it.
std::string IconSession::prompt(const std::string& draft) const {
  const std::string row = prompt_of_icons(icons_);
  const ChatStyle& style = options_.style;
  if (!options_.voice.empty() || !style.problem.empty() || style.family == openchatkit_style().family)
    return options_.into_prompt ? prompt_with_draft(row, draft) : row;
  const std::string told = prompt_with_draft(row, draft);
  const std::size_t begin = kHumanTurn.size() + 1, end = told.size() - kBotTurn.size() - 1;
  return render_chat({{"user", told.substr(begin, end - begin)}}, style, true).text;
}

// The model's sentences, the best first; those that were finished, where it is stopped.
std::vector<Candidate> IconSession::ask(const std::string& text) {
  const std::vector<std::int32_t> ids = with_beginning(model_.tokenizer, model_.tokenizer.encode(text));
  std::vector<Candidate> candidates;
  std::vector<std::uint64_t> under_way;
  std::string failure;
  std::size_t missing = options_.candidates;
  for (std::size_t k = 0; k < options_.candidates; ++k) {
    Request request;
    request.name = "the prompt";
    request.prompt_ids = ids;
    request.adapter = options_.voice;
    request.options = candidate_options(options_.answer, k);
    request.draw = draw_++;
    request.done = [&, k](const Generation& said) {
      --missing;
      if (!said.error.empty()) failure = said.error;
      else
        candidates.push_back({k == 0 ? CandidateSource::kGreedy : CandidateSource::kDrawn, said.text,
                              icons_used(icons_, said.text), said.likelihood});
    };
    under_way.push_back(model_.answerer.submit(std::move(request)));
  }
  bool stopped = false;
  while (!stopped && missing > 0 && model_.answerer.step()) stopped = console_.interrupted();
  for (const std::uint64_t id : under_way) model_.answerer.cancel(id);
  if (!failure.empty()) throw Error(failure);
  if (stopped) console_.note("(stopped)");
  rank(candidates);
  return candidates;
}

void IconSession::choose(std::size_t number) {
  if (number < 1 || number > offered_.size())
    throw Error("there is no sentence ", number, "; choose 1 to ", offered_.size(), ", or type other icons");
  const std::string sentence = offered_[number - 1];
  offered_.clear();
  choices_.push_back({icons_, sentence});
  console_.write(sentence + "\n");
  if (options_.speak) options_.speak(sentence);
}

void IconSession::save(const std::string& file) const {
  if (choices_.empty()) throw Error("nothing was chosen yet");
  std::string rows;
  for (const Choice& choice : choices_) {
    std::string asked = prompt_of_icons(choice.icons);
    if (options_.into_prompt) asked = prompt_with_draft(asked, realise(choice.icons, lexicon_));
    rows += nlohmann::json{{"prompt", asked}, {"completion", " " + choice.sentence + "\n"}}.dump(
                -1, ' ', false, nlohmann::json::error_handler_t::replace) +
            "\n";
  }
  save_new_file(file, rows);
  console_.note("(" + std::to_string(choices_.size()) + (choices_.size() == 1 ? " choice" : " choices") + " saved in " +
                presentable(file) + ")");
}

}  // namespace aacft
