// How the turns of a conversation are marked, as in OpenChatKit: "<human>: ...\n<bot>: ...\n".
#pragma once

#include <string>
#include <string_view>

namespace aacft {

constexpr std::string_view kHuman = "<human>", kBot = "<bot>";
constexpr std::string_view kHumanTurn = "<human>:", kBotTurn = "<bot>:";  // where one begins

// What somebody says, for a model to answer.
inline std::string turn_prompt(std::string_view said) {
  return std::string(kHumanTurn).append(" ").append(said).append("\n").append(kBotTurn);
}

inline bool holds_marker(std::string_view text) {
  return text.find(kHuman) != text.npos || text.find(kBot) != text.npos;
}

}  // namespace aacft
