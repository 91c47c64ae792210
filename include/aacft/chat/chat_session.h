// A conversation of a person and a model, line by line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aacft/chat/chat_model.h"
#include "aacft/chat/commands.h"
#include "aacft/chat/console.h"
#include "aacft/data/conversation.h"

namespace aacft {

struct ChatOptions {
  ChatStyle style;
  AnswerOptions answer;
  std::string voice;                  // one of the model's; "": the base alone
  std::optional<std::string> system;  // without, the style's own
  bool stats = false;                 // a note behind each answer says what it cost
};

// What an answer took.
struct AnswerCost {
  std::size_t reused = 0, computed = 0, said = 0;  // tokens: of the prompt, known already or not, and new ones
  double seconds = 0;                              // for the whole answer
};

// Every line is a command or something to be answered; the answer is written while it comes. What was computed for a
// turn is asked for again by its ids alone, so an answerer that keeps it (EngineOptions::kept_positions of the model's
// context) computes only what is new.
class ChatSession {
 public:
  // Error where the style has no turns, or no place for the system's text.
  ChatSession(const ChatModel& model, const ChatOptions& options, Console& console);

  void run();  // until there are no more lines

 private:
  const ChatModel model_;
  ChatOptions options_;
  Console& console_;
  Conversation conversation_;
  Commands commands_;
  std::uint64_t draw_ = 0;  // what is asked again after an undo gets another answer
  std::optional<AnswerCost> last_;
  std::vector<Message> transcript_;  // what was said, also what the model has forgotten

  void add_commands();
  void say(const std::string& said);
  std::optional<Generation> answer();
  void take_answer(const std::string& asked, const Generation& said);
  void show_or_set_system(const std::string& text);
  void save(const std::string& file) const;
  std::string hyperparameters() const;
};

}  // namespace aacft
