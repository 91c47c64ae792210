// Rows of JSON Lines as text: what a model learns from, or is to continue.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "aacft/data/chat_style.h"
#include "aacft/data/turns.h"

namespace aacft {

struct DataOptions {
  bool mask_prompt = false;               // only completions count in the loss
  std::string response_marker{kBotTurn};  // where a completion starts in {"text"} rows
  bool append_eos = true;
  std::int64_t max_length = 0;                 // tokens in a row, 0: the model's context
  bool truncate = false;                       // cut longer rows instead of refusing them
  bool skip_bad_rows = false;                  // count and list them instead of stopping
  ChatStyle chat_style = openchatkit_style();  // of {"messages"}
  bool chat_pairs = false;  // {"prompt", "completion"} rows are a turn of the user and one of the assistant, too
};

// A row's text, and the byte ranges of it that count.
struct RowText {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  bool ended = false;  // by the chat style's own end token, so that no other belongs behind it
};

// The messages of a row that is spelled in the chat style: {"messages"}, and with chat_pairs {"prompt", "completion"}
// or
// {"prompt"} unless the prompt has OpenChatKit's marks already. None for all other rows, which are text as they are.
std::vector<Message> messages_of(const nlohmann::json& row, const DataOptions& options);

// Those that a model is to answer: up to the assistant's last turn where that is the last of all.
std::vector<Message> asked_of(const nlohmann::json& row, const DataOptions& options);

// {"text"}, {"prompt", "completion"} or {"messages": [{"role", "content"}]}. Without mask_prompt all of it counts.
// With it: what follows the prompt; what follows each response marker up to the next "<human>:"; what the assistant
// says in the chat style, its end token included. Error says what the row lacks.
RowText row_text(const nlohmann::json& row, const DataOptions& options);

// What a model should continue: {"prompt"}; {"text"} up to its last "<bot>:", so that rows with an answer serve, too;
// or asked_of() the row, in the chat style. Error says what the row lacks.
std::string prompt_of(const nlohmann::json& row, const DataOptions& options = {});

}  // namespace aacft
