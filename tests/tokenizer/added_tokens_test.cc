// Finding added tokens, against a search that tries them all.
#include "tokenizer/added_tokens.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <random>
#include <string>
#include <vector>

namespace aacft::testing {
namespace {

// "[x]" for a token, the text as it is between them.
std::string shown(const AddedTokens& tokens, const std::string& text) {
  std::string result;
  for (const auto& part : tokens.split(text)) {
    const std::string piece = text.substr(part.begin, part.end - part.begin);
    result += part.id < 0 ? piece : "[" + piece + "]";
  }
  return result;
}

std::string slowly(const std::vector<std::string>& tokens, const std::string& text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::string longest;
    for (const std::string& token : tokens)
      if (token.size() > longest.size() && text.compare(at, token.size(), token) == 0) longest = token;
    result += longest.empty() ? text.substr(at, 1) : "[" + longest + "]";
    at += std::max<std::size_t>(longest.size(), 1);
  }
  return result;
}

TEST(AddedTokens, TheLongestIsTaken) {
  std::mt19937 random(1);
  const auto word = [&](std::size_t most) {
    std::string text(1 + random() % most, ' ');
    for (char& c : text) c = "ab\xC3\xFF"[random() % 4];  // bytes above 127, too
    return text;
  };
  for (int i = 0; i < 500; ++i) {
    AddedTokens tokens;
    std::vector<std::string> texts;
    for (std::size_t n = random() % 12; n > 0; --n) {
      const std::string text = word(6);
      const bool is_new = std::find(texts.begin(), texts.end(), text) == texts.end();
      EXPECT_EQ(tokens.add(text, static_cast<std::int32_t>(texts.size()), false, false), is_new);
      if (is_new) texts.push_back(text);
    }
    for (int k = 0; k < 10; ++k) {
      const std::string text = word(30);
      ASSERT_EQ(shown(tokens, text), slowly(texts, text));
    }
  }
}

TEST(AddedTokens, TakeAsMuchMemoryAsTheirTexts) {
  const std::string text(5 << 20, 'x');
  const std::size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  AddedTokens tokens;
  tokens.add(text, 7, false, false);
  EXPECT_LT(::mallinfo2().uordblks + ::mallinfo2().hblkhd, before + 2 * text.size());
  EXPECT_EQ(tokens.split("a" + text).back().id, 7);
  EXPECT_EQ(tokens.split(text.substr(0, 99)).back().id, -1);
}

}  // namespace
}  // namespace aacft::testing
