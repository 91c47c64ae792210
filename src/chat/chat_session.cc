#include "aacft/chat/chat_session.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"

namespace aacft {
namespace {

using Clock = std::chrono::steady_clock;

// Tokens of the context that an answer may count on.
std::int64_t room_for_answers(const ChatModel& model, const AnswerOptions& options) {
  return std::min(options.max_new_tokens, model.context / 4);
}

// An answer as it is shown while it comes: without the white space around it.
class ShownText {
 public:
  explicit ShownText(Console& console) : console_(console) {}

  void add(const std::string& piece) {
    text_ += piece;
    const std::size_t begin = shown_ > 0 ? shown_ : text_.find_first_not_of(kSpace);
    const std::size_t end = text_.find_last_not_of(kSpace) + 1;  // 0 where there is none
    if (begin == text_.npos || end <= begin) return;
    console_.write(std::string_view(text_).substr(begin, end - begin));
    shown_ = end;
  }
  void finish() {
    if (shown_ > 0) console_.write("\n");
  }
  bool anything() const { return shown_ > 0; }
  const std::string& text() const { return text_; }  // all of it

 private:
  static constexpr const char* kSpace = " \t\r\n";
  Console& console_;
  std::string text_;
  std::size_t shown_ = 0;  // bytes up to the last one shown
};

std::string cost_text(const AnswerCost& cost) {
  char text[200];
  std::snprintf(text, sizeof text, "%zu tokens of the prompt computed, %zu kept; %zu said in %.1f s, %.1f a second",
                cost.computed, cost.reused, cost.said, cost.seconds,
                static_cast<double>(cost.said) / std::max(cost.seconds, 1e-9));
  return text;
}

std::string count_of(std::size_t number, const char* what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

}  // namespace

ChatSession::ChatSession(const ChatModel& model, const ChatOptions& options, Console& console)
    : model_(model),
      options_(options),
      console_(console),
      conversation_(model.tokenizer, options.style, model.context, room_for_answers(model, options.answer)),
      commands_(console) {
  end_as_in(options_.style, model_.tokenizer, options_.answer);
  if (options_.system) conversation_.set_system(options_.system);
  add_commands();
}

void ChatSession::add_commands() {
  commands_.add("/reset", "", "forgets the conversation; the system's text stays", [this](const std::string&) {
    conversation_.reset();
    transcript_.clear();
    console_.note("(the conversation begins anew)");
  });
  commands_.add("/undo", "", "takes your last words and the answer back", [this](const std::string&) {
    if (!conversation_.undo()) throw Error("nothing was said that could be taken back");
    ++draw_;
    console_.note("(taken back: " + in_quotes(transcript_[transcript_.size() - 2].content) + ")");
    transcript_.resize(transcript_.size() - 2);
  });
  commands_.add("/system", "[TEXT]", "tells the model who it is; - for what its style says; alone: shows it",
                [this](const std::string& text) { show_or_set_system(text); });
  commands_.add("/voice", "[NAME]", "lets another adapter speak; - for the model alone; alone: lists them",
                [this](const std::string& name) {
                  if (!name.empty()) options_.voice = voice_named(model_, name);
                  console_.note(voices_text(model_, options_.voice));
                });
  commands_.add("/raw_prompt", "", "shows what the model is given, marks of turns included",
                [this](const std::string&) { console_.note(conversation_.raw_text()); });
  commands_.add("/hyperparameters", "", "shows how answers are drawn, and what the last one cost",
                [this](const std::string&) { console_.note(hyperparameters()); });
  commands_.add("/save", "FILE", "writes the conversation as a row for aacft train --data",
                [this](const std::string& file) { save(file); });
}

void ChatSession::run() {
  while (!commands_.exit_wanted()) {
    const std::optional<std::string> line = console_.read_line("> ");
    if (!line) return;
    if (trimmed(*line).empty() || commands_.take(*line)) continue;
    if (!valid_utf8(*line)) {
      console_.note("what was typed is not text in UTF-8");
      continue;
    }
    try {
      say(std::string(said_in(*line)));
    } catch (const Error& error) {
      console_.note(error.what());
    }
  }
}

void ChatSession::say(const std::string& said) {
  if (const std::size_t gone = conversation_.ask(said); gone > 0)
    console_.note("(the context of " + std::to_string(model_.context) + " tokens is full: the oldest " +
                  (gone == 1 ? "turn was" : std::to_string(gone) + " turns were") + " forgotten)");
  std::optional<Generation> said_back;
  try {
    said_back = answer();
  } catch (...) {
    conversation_.undo();
    throw;
  }
  if (!said_back) {
    conversation_.undo();
    console_.note("(stopped before a word was said; your question is taken back)");
  } else if (!said_back->error.empty()) {
    conversation_.undo();
    throw Error(said_back->error);
  } else {
    take_answer(said, *said_back);
  }
}

// What the model says, written while it comes; nothing where it was stopped before it said anything.
std::optional<Generation> ChatSession::answer() {
  ShownText shown(console_);
  std::optional<Generation> result;
  Request request;
  request.name = "the conversation";
  request.prompt_ids = conversation_.prompt_ids();
  request.adapter = options_.voice;
  request.options = options_.answer;
  request.draw = draw_;
  request.text = [&](const std::string& piece) { shown.add(piece); };
  request.done = [&](const Generation& generation) { result = generation; };
  const Clock::time_point start = Clock::now();
  const std::uint64_t id = model_.answerer.submit(std::move(request));
  bool stopped = false;
  while (!result && !stopped && model_.answerer.step()) stopped = console_.interrupted() && !result;
  if (!result) model_.answerer.cancel(id);
  shown.finish();
  if (!result) {
    if (!shown.anything()) return {};
    Generation cut;
    cut.text = shown.text();
    cut.stop_reason = "stopped";
    last_.reset();
    return cut;
  }
  const auto reused = static_cast<std::size_t>(result->reused);
  last_ = {reused, result->prompt_ids.size() - reused, result->new_ids.size(),
           std::chrono::duration<double>(Clock::now() - start).count()};
  return result;
}

void ChatSession::take_answer(const std::string& asked, const Generation& said) {
  conversation_.answer(said.new_ids, said.text, said.stop_reason == "eos");
  transcript_.push_back({"user", asked});
  transcript_.push_back(conversation_.messages().back());
  if (said.stop_reason == "stopped") console_.note("(stopped)");
  else if (trimmed(said.text).empty()) console_.note("(the model said nothing)");
  if (said.stop_reason == "length")
    console_.note("(cut off: --max-new-tokens is " + std::to_string(options_.answer.max_new_tokens) + ")");
  if (said.stop_reason == "context") console_.note("(cut off: the model's context is full)");
  if (options_.stats && last_) console_.note("(" + cost_text(*last_) + ")");
}

void ChatSession::show_or_set_system(const std::string& text) {
  if (text.empty()) {
    const std::string standard = options_.style.default_system.value_or("");
    return console_.note(conversation_.system() ? *conversation_.system()
                         : standard.empty()     ? "(there is none)"
                                                : standard + "\n(so the chat style has it)");
  }
  if (!valid_utf8(text)) throw Error("what was typed is not text in UTF-8");
  conversation_.set_system(text == "-" ? std::nullopt : std::optional(text));
  console_.note("(from the next turn on)");
}

void ChatSession::save(const std::string& file) const {
  if (transcript_.empty()) throw Error("nothing was said yet");
  nlohmann::json list = nlohmann::json::array();
  const auto add = [&](const Message& message) {
    list.push_back({{"role", message.role}, {"content", message.content}});
  };
  if (conversation_.system()) add({"system", *conversation_.system()});
  for (const Message& message : transcript_) add(message);
  save_new_file(
      file, nlohmann::json{{"messages", list}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  console_.note("(" + count_of(transcript_.size() / 2, "turn") + " saved in " + presentable(file) + ")");
}

std::string ChatSession::hyperparameters() const {
  std::string text = hyperparameters_text(options_.answer) + "\nchat style " + options_.style.name + ", voice " +
                     (options_.voice.empty() ? "-" : presentable(options_.voice)) + ", " +
                     count_of(conversation_.turns(), "turn") + ", " + std::to_string(conversation_.length()) + " of " +
                     std::to_string(model_.context) + " tokens";
  if (last_) text += "\nthe last answer: " + cost_text(*last_);
  return text;
}

}  // namespace aacft
