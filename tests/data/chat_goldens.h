// What models' own templates say, as Jinja2 rendered them (tests/interop/chat.py).
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/data/chat_style.h"

namespace aacft::testing {

inline std::vector<Message> messages_from(const nlohmann::json& list) {
  std::vector<Message> messages;
  for (const nlohmann::json& message : list)
    messages.push_back({message.at("role").get<std::string>(), message.at("content").get<std::string>()});
  return messages;
}

// A template that leaves something out without a word is stricter here.
inline bool loses_something(const std::vector<Message>& messages, const std::string& text) {
  for (const Message& message : messages)
    if (text.find(trimmed(message.content)) == text.npos) return true;
  return false;
}

// The style says what the template says, and refuses what it refuses, what it would lose, and roles that are not known.
inline void expect_renders(const ChatStyle& style, const nlohmann::json& cases, const nlohmann::json& model) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::vector<Message> messages = messages_from(cases[i]);
    const nlohmann::json &text = model.at("texts").at(i).at(0), &asking = model.at("texts").at(i).at(1);
    SCOPED_TRACE(model.at("name").get<std::string>() + ", " + cases[i].dump());
    try {
      const std::string said = render_chat(messages, style, false).text;
      ASSERT_TRUE(text.is_string()) << "the template refuses what is rendered as " << said;
      EXPECT_EQ(said, text.get<std::string>());
      EXPECT_EQ(render_chat(messages, style, true).text, said + asking.get<std::string>());
    } catch (const Error& error) {
      const bool strict =
          messages.front().role == "tool" || (text.is_string() && loses_something(messages, text.get<std::string>()));
      EXPECT_TRUE(text.is_null() || strict) << error.what() << "; the template says " << text.dump();
    }
  }
}

}  // namespace aacft::testing
