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

Message message_of(const json& message) {
  if (!message.is_object() || !message.contains("role") || !message.contains("content"))
    throw Error("a message needs \"role\" and \"content\"");
  std::string role = string_field(message, "role");
  if (role == "human") role = "user";
  if (role == "bot") role = "assistant";
  return {std::move(role), string_field(message, "content")};
}

// Some templates lose the system's text where an answer follows. A row is to show the model what its prompt will.
ChatStyle style_of_rows(ChatStyle style) {
  if (style.system_place == SystemPlace::kLastMessage) style.system_place = SystemPlace::kLastUser;
  return style;
}

bool is_chat_pair(const json& row, const DataOptions& options) {
  return options.chat_pairs && options.chat_style.family != "raw" && row.contains("prompt") &&
         !holds_marker(string_field(row, "prompt"));
}

RowText chat_text(const std::vector<Message>& messages, const DataOptions& options) {
  ChatText chat = render_chat(messages, style_of_rows(options.chat_style), false);
  return {std::move(chat.text), std::move(chat.answers), !options.chat_style.end.empty()};
}

}  // namespace

std::vector<Message> messages_of(const json& row, const DataOptions& options) {
  std::vector<Message> messages;
  if (row.contains("messages")) {
    const json& list = row.at("messages");
    if (!list.is_array() || list.empty()) throw Error("\"messages\" must be a list with at least one message");
    for (const json& message : list) messages.push_back(message_of(message));
  } else if (is_chat_pair(row, options)) {
    messages.push_back({"user", string_field(row, "prompt")});
    if (row.contains("completion")) messages.push_back({"assistant", string_field(row, "completion")});
  }
  return messages;
}

std::vector<Message> asked_of(const json& row, const DataOptions& options) {
  std::vector<Message> messages = messages_of(row, options);
  if (!messages.empty() && messages.back().role == "assistant") messages.pop_back();
  return messages;
}

RowText row_text(const json& row, const DataOptions& options) {
  RowText result;
  if (row.contains("messages") || (row.contains("completion") && is_chat_pair(row, options))) {
    result = chat_text(messages_of(row, options), options);
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

std::string prompt_of(const json& row, const DataOptions& options) {
  if (row.contains("prompt") && !is_chat_pair(row, options)) return string_field(row, "prompt");
  if (row.contains("text") && !row.contains("prompt")) {
    const std::string text = string_field(row, "text");
    const std::size_t at = text.rfind(kBotTurn);
    return at == std::string::npos ? text : text.substr(0, at + kBotTurn.size());
  }
  if (!row.contains("messages") && !row.contains("prompt"))
    throw Error("the row has neither \"prompt\", nor \"text\", nor \"messages\"");
  return render_chat(asked_of(row, options), options.chat_style, true).text;
}

}  // namespace aacft
