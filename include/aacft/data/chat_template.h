// The Jinja template with which a model's files say how it holds conversations, and which of the known ways that is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "aacft/data/chat_style.h"

namespace aacft {

struct ChatTemplate {
  std::string text;   // Jinja; empty: the model has none
  ChatTokens tokens;  // those that the files name
  std::string where;  // the template's file, for messages
};

// From a model folder: chat_template.jinja, else "chat_template" of tokenizer_config.json (a text, or a list of them,
// of which the one named "default" counts); tokens from tokenizer_config.json, else special_tokens_map.json. Files that
// are not there are not missed. Or from a GGUF file. Error for one that is not JSON.
ChatTemplate read_chat_template(const std::filesystem::path& folder);

// By what the template writes before, between and behind what is said, not by a model's name; nothing where there is no
// template. For a template of another kind, a style whose `problem` says so and lists the names for --chat-style: who
// has no conversation to spell need not care.
std::optional<ChatStyle> recognised_style(const ChatTemplate& own);

// The style for a model: with no name, its template's, or OpenChatKit where it has none. A family's name ("chatml")
// means the model's own way where that is of the family, with its own default system text and spaces; every other name
// means just what it says. "model" is the template's, and an Error where there is none, or one that is not known.
ChatStyle choose_chat_style(std::string_view name, const ChatTemplate& own);

}  // namespace aacft
