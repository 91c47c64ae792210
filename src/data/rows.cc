#include "aacft/data/rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "aacft/base/error.h"

namespace aacft {
namespace {

using nlohmann::json;

std::string string_field(const json& object, const char* key) {
  if (!object.at(key).is_string()) throw Error("\"", key, "\" must be a string");
  return object.at(key).get<std::string>();
}

// Every answer: from behind a marker to the next human turn, or the end.
std::vector<std::pair<std::size_t, std::size_t>> answers(const std::string& text, const std::string& marker) {
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  for (std::size_t at = text.find(marker); at != std::string::npos;) {
    const std::size_t begin = at + marker.size();
    const std::size_t end = std::min(text.find(kHumanTurn, begin), text.size());
    spans.emplace_back(begin, end);
    at = text.find(marker, end);
  }
  return spans;
}

// Appends a message as OpenChatKit spells it; returns whether it is an answer.
bool append_message(const json& message, std::string& text) {
  if (!message.is_object() || !message.contains("role") || !message.contains("content"))
    throw Error("a message needs \"role\" and \"content\"");
  const std::string role = string_field(message, "role"), content = string_field(message, "content");
  if (role == "system") {
    text += content + "\n";
  } else if (role == "user" || role == "human") {
    text += std::string(kHumanTurn) + " " + content + "\n";
  } else if (role == "assistant" || role == "bot") {
    text += std::string(kBotTurn) + " " + content + "\n";
    return true;
  } else {
    throw Error("the role \"", role, "\" is not known; system, user and assistant are");
  }
  return false;
}

const json& messages_of(const json& row) {
  const json& messages = row.at("messages");
  if (!messages.is_array() || messages.empty()) throw Error("\"messages\" must be a list with at least one message");
  return messages;
}

RowText messages_text(const json& messages) {
  RowText row;
  for (const json& message : messages) {
    const std::size_t begin = row.text.size() + kBotTurn.size();
    if (append_message(message, row.text)) row.spans.emplace_back(begin, row.text.size());
  }
  return row;
}

}  // namespace

RowText row_text(const json& row, const DataOptions& options) {
  RowText result;
  if (row.contains("messages")) {
    result = messages_text(messages_of(row));
    if (options.mask_prompt && result.spans.empty()) throw Error("\"messages\" has no assistant turn to learn from");
  } else if (row.contains("prompt") && row.contains("completion")) {
    const std::string prompt = string_field(row, "prompt");
    result.text = prompt + string_field(row, "completion");
    result.spans = {{prompt.size(), result.text.size()}};
  } else if (row.contains("text")) {
    result.text = string_field(row, "text");
    if (options.mask_prompt) {
      result.spans = answers(result.text, options.response_marker);
      if (result.spans.empty())
        throw Error("the text has no \"", options.response_marker, "\" after which a completion starts");
    }
  } else {
    throw Error("the row has neither \"text\", nor \"prompt\" and \"completion\", nor \"messages\"");
  }
  if (result.text.empty()) throw Error("the row's text is empty");
  if (!options.mask_prompt) result.spans = {{0, result.text.size()}};
  return result;
}

std::string prompt_of(const json& row) {
  if (row.contains("prompt")) return string_field(row, "prompt");
  if (row.contains("text")) {
    const std::string text = string_field(row, "text");
    const std::size_t at = text.rfind(kBotTurn);
    return at == std::string::npos ? text : text.substr(0, at + kBotTurn.size());
  }
  if (!row.contains("messages")) throw Error("the row has neither \"prompt\", nor \"text\", nor \"messages\"");
  std::string text, before_answer;
  bool answered = false;
  for (const json& message : messages_of(row)) {
    before_answer = text;
    answered = append_message(message, text);
  }
  return (answered ? before_answer : text) + std::string(kBotTurn);
}

}  // namespace aacft
