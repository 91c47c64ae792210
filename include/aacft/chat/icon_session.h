// Icons typed as words, sentences to choose from.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"
#include "aacft/chat/chat_model.h"
#include "aacft/chat/commands.h"
#include "aacft/chat/console.h"
#include "aacft/data/chat_style.h"
#include "aacft/realise/candidate.h"

namespace aacft {

struct IconOptions {
  ChatStyle style;           // of the model
  bool into_prompt = false;  // adapters have learned from prompts with the rules' sentence
  std::size_t candidates = 3;
  AnswerOptions answer;
  std::string voice;
  std::function<void(const std::string& sentence)> speak;  // what was chosen; Error where it cannot. May be empty
};

// "I want tea": the sentence of the rules at once, then the model's, the best first; a number chooses, and what was
// chosen is written, spoken, and kept for /save.
class IconSession {
 public:
  // The lexicon must outlive this.
  IconSession(const ChatModel& model, const Lexicon& lexicon, const IconOptions& options, Console& console);

  void run();  // until there are no more lines

 private:
  struct Choice {
    std::vector<Icon> icons;
    std::string sentence;
  };

  const ChatModel model_;
  const Lexicon& lexicon_;
  IconOptions options_;
  Console& console_;
  Commands commands_;
  std::vector<std::string> offered_;  // sentences; empty where nothing is to be chosen
  std::vector<Icon> icons_;           // those that they say
  std::vector<Choice> choices_;
  std::uint64_t draw_ = 0;

  void add_commands();
  void take(const std::string& line);
  void offer(const std::string& words);
  void offer_sentence(const std::string& sentence, const std::string& remark);
  std::string prompt(const std::string& draft) const;
  std::vector<Candidate> ask(const std::string& prompt);
  void choose(std::size_t number);
  void save(const std::string& file) const;
};

}  // namespace aacft
