// A conversation as the token ids that a model is given, turn by turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/data/chat_style.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

// Law: the ids of a prompt are those of the one before it, the ids that answered it, and new ones, so that whoever
// keeps what was computed for the earlier ones computes the new ones alone; but for what reset(), undo(), set_system()
// and a full context change. The first prompt is render_chat()'s. So are the later ones where the tokenizer splits an
// answer as the model had said it, and where the style's template does not rewrite earlier turns (Mistral moves the
// system's text to the last turn, Qwen3 takes empty thoughts away: here both stay where they were).
class Conversation {
 public:
  // The tokenizer must outlive this. `room`: tokens that are left free in the context for an answer. Error where the
  // style has no turns.
  Conversation(const Tokenizer& tokenizer, ChatStyle style, std::int64_t context, std::int64_t room);

  // What the user says next, and how many of the oldest turns (pairs of question and answer) went for want of space;
  // when some must go, then as many as to leave a quarter of the space free, since all that stays is computed again.
  // Error, and nothing is asked, where what is said does not fit alone. Replaces a question without an answer.
  std::size_t ask(const std::string& said);
  std::vector<std::int32_t> prompt_ids() const;  // for the assistant to go on from

  // The answer to it: the ids, and their text up to a stop text. `ended`: the last id ends the text. An answer that was
  // cut off is a text without ids.
  void answer(std::vector<std::int32_t> new_ids, std::string text, bool ended);

  // Takes the last turn back; false where there is none.
  bool undo();
  void reset() { turns_.clear(); }
  // Nothing: the style's own. Error, and nothing changes, where the style has no place for it.
  void set_system(std::optional<std::string> text);
  const std::optional<std::string>& system() const { return system_; }

  std::size_t turns() const { return turns_.size(); }
  std::vector<Message> messages() const;  // what was said, the system's text first where one was set
  std::string raw_text() const;           // all that the model is given before the next question, special tokens too
  std::int64_t length() const;            // tokens of prompt_ids()

 private:
  using Ids = std::vector<std::int32_t>;
  struct Turn {
    std::string said, answer;
    Ids asked_ids, answer_ids;
    std::string rest;  // of the answer and of what ends it: goes before the next question
    bool answered = false;
  };

  const Tokenizer& tokenizer_;
  ChatStyle style_, later_;  // later_: without what stands once at the beginning
  std::int64_t context_, room_;
  std::optional<std::string> system_;
  std::vector<Turn> turns_;

  Ids first_ids(const std::string& said) const;
  Ids later_ids(const std::string& said) const;
  Ids encode_behind(const std::string& text) const;
};

}  // namespace aacft
