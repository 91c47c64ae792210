// How a conversation is spelled for a model: what each turn begins and ends with.
//
// Every instruct model was trained on one way, which its files hold as a Jinja template (chat_template.h). The ways
// that are known here are written down as data, and render_chat() writes what their templates write, to the byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

struct Message {
  std::string role, content;  // role: "system", "user" or "assistant"

  bool operator==(const Message&) const = default;
};

// Where the system's text goes, which only the first message may be unless it has turns of its own.
enum class SystemPlace {
  kTurn,         // a turn of its own
  kFirstUser,    // at the head of the first user turn
  kLastUser,     // at the head of the last user turn
  kLastMessage,  // the same, but lost where an answer follows: so some templates of Mistral do it
  kNowhere       // a system message is refused
};

struct ChatStyle {
  std::string name, family;           // "llama3.1" is of the family "llama3"; the plain one has its family's name
  std::string begin;                  // of every conversation: "<s>"
  std::string system, system_end;     // around what each of them says
  std::string user, user_end;         //
  std::string assistant;              // what a prompt ends with, for the assistant to go on
  std::string say_before, say_after;  // around the assistant's content, said by the assistant itself
  std::string end;                    // the token that ends its turn, said by it, too; OpenChatKit has none
  std::string gap;                    // behind that, said by nobody

  SystemPlace system_place = SystemPlace::kTurn;
  std::optional<std::string> default_system;  // for conversations without a system turn; kTurn only
  std::string system_note;                    // before the content of the first system turn
  bool trims_asked = false;                   // white space around what system and user say is left out
  bool trims_answers = false;                 // around what the assistant says
  bool alternates = false;                    // user, assistant, user, ...: all else is refused
  bool thinks = false;  // Qwen3: a last answer has "<think>\n\n</think>\n\n" before it, as a prompt has (no thoughts)

  std::string stop;     // where generated text ends, where the end is not one of the tokenizer's tokens
  std::string problem;  // not empty: why no conversation can be spelled so; the Error of whoever tries
};

// Texts of the tokenizer's own tokens, which some styles use. Empty: those that models of the style mostly have.
struct ChatTokens {
  std::string bos, eos;
};

// What --chat-style may be, the plain styles of the families first. "none" is "raw".
const std::vector<std::string>& chat_style_names();

// UsageError, which lists the names, for any other.
ChatStyle chat_style(std::string_view name, const ChatTokens& tokens = {});

// "<human>: ...\n<bot>: ...\n"
const ChatStyle& openchatkit_style();

struct ChatText {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> answers;  // bytes that the assistant says, its end token included
};

// The conversation; with `ask` followed by what the assistant goes on from ("add_generation_prompt"). Error for what
// the style's template refuses or would lose: a role that it does not know, turns in another order. Without a message
// there is only something to ask for where the assistant may speak first. Law: some messages, rendered with `ask`,
// begin the rendering of them and an answer, and all else of that is the answer's bytes and the gap (but for
// kLastMessage, and where Qwen3 has thoughts or nobody asked).
ChatText render_chat(const std::vector<Message>& messages, const ChatStyle& style, bool ask);

// Ids that end what the assistant says; none where the tokenizer has no token for the style's end.
std::vector<std::int32_t> end_tokens(const ChatStyle& style, const Tokenizer& tokenizer);

// Texts that do; none for "raw".
std::vector<std::string> stop_texts(const ChatStyle& style);

}  // namespace aacft
