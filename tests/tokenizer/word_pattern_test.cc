#include "aacft/tokenizer/word_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "aacft/base/utf8.h"
#include "aacft/unicode/characters.h"
#include "support/random_text.h"

namespace aacft {
namespace {

using testing::random_text;

std::vector<std::string> words(WordPattern pattern, std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t pos = 0; pos < text.size(); pos += words.back().size()) {
    words.emplace_back(text.substr(pos, word_length(pattern, text.substr(pos))));
  }
  return words;
}
std::vector<std::string> words(std::string_view text) { return words(WordPattern::kGpt2, text); }

TEST(Words, Examples) {
  using List = std::vector<std::string>;
  EXPECT_EQ(words("Hello world"), (List{"Hello", " world"}));
  EXPECT_EQ(words("I'll they've can't I'd we're 'm's"),
            (List{"I", "'ll", " they", "'ve", " can", "'t", " I", "'d", " we", "'re", " '", "m", "'s"}));
  EXPECT_EQ(words("CAN'T"), (List{"CAN", "'", "T"}));
  EXPECT_EQ(words("'tis 'lo"), (List{"'t", "is", " '", "lo"}));
  EXPECT_EQ(words("a   b"), (List{"a", "  ", " b"}));
  EXPECT_EQ(words("a\n\nb"), (List{"a", "\n", "\n", "b"}));
  EXPECT_EQ(words("a\nb \n"), (List{"a", "\n", "b", " \n"}));
  EXPECT_EQ(words("a  "), (List{"a", "  "}));
  EXPECT_EQ(words(" "), (List{" "}));
  EXPECT_EQ(words(" \n x"), (List{" \n", " x"}));
  EXPECT_EQ(words("x\u00a0y"), (List{"x", "\u00a0", "y"}));
  EXPECT_EQ(words("x\u00a0\u2028y"), (List{"x", "\u00a0", "\u2028", "y"}));
  EXPECT_EQ(words("v2.0 $19,99"), (List{"v", "2", ".", "0", " $", "19", ",", "99"}));
  EXPECT_EQ(words("e\u0301a"), (List{"e", "\u0301", "a"}));
  EXPECT_EQ(words("日本語 中文"), (List{"日本語", " 中文"}));
}

TEST(Words, ExamplesOfLlama3AndQwen2) {
  using List = std::vector<std::string>;
  const auto llama = [](std::string_view text) { return words(WordPattern::kLlama3, text); };
  EXPECT_EQ(llama("Hello world"), (List{"Hello", " world"}));
  EXPECT_EQ(llama("I'LL they'vE can'T 'd"), (List{"I", "'LL", " they", "'vE", " can", "'T", " '", "d"}));
  EXPECT_EQ(llama("it'\u017Ft"), (List{"it", "'\u017F", "t"}));  // the long s
  EXPECT_EQ(llama("$x (abc) 'x"), (List{"$x", " (", "abc", ")", " '", "x"}));
  EXPECT_EQ(llama("\tx\u00a0y"), (List{"\tx", "\u00a0y"}));
  EXPECT_EQ(llama("12345 1"), (List{"123", "45", " ", "1"}));
  EXPECT_EQ(words(WordPattern::kQwen2, "123 4"), (List{"1", "2", "3", " ", "4"}));
  EXPECT_EQ(llama("a!!\n\nb \n"), (List{"a", "!!\n\n", "b", " \n"}));
  EXPECT_EQ(llama("a \n \r\n  b"), (List{"a", " \n \r\n", " ", " b"}));
  EXPECT_EQ(llama("\nx"), (List{"\n", "x"}));
  EXPECT_EQ(llama("a   "), (List{"a", "   "}));
}

TEST(Words, PatternsAreKnownByTheirText) {
  for (const WordPattern pattern : {WordPattern::kGpt2, WordPattern::kLlama3, WordPattern::kQwen2})
    EXPECT_EQ(word_pattern(regular_expression(pattern)), pattern);
  EXPECT_EQ(word_pattern(R"(\s+)"), std::nullopt);
}

// The pattern word for word: every alternative is tried with a backtracking matcher, as slow and plain as can
// be.
struct Pattern {
  struct Atom {
    // l, n, s, o: any of them, with - no newline; or + for newlines alone; or = for exactly `literal`, ~ for it in
    // either case
    std::string classes;
    std::size_t least, most;
    char32_t literal = 0;
    bool not_before_word = false;  // (?!\S), no character
  };
  static bool accepts(const Atom& atom, char32_t c) {
    const bool newline = c == U'\r' || c == U'\n';
    if (atom.classes == "=") return c == atom.literal;
    if (atom.classes == "~") return lower_case(c) == atom.literal || (c == 0x17F && atom.literal == U's');
    if (atom.classes == "+") return newline;
    if (newline && atom.classes.back() == '-') return false;
    return atom.classes.find("lnso"[static_cast<int>(char_class(c))]) != std::string::npos;
  }
  // The end of the greedy match of atoms[first...] at `pos`, or npos.
  static std::size_t match(const std::vector<Atom>& atoms, std::size_t first, const std::u32string& text,
                           std::size_t pos) {
    if (first == atoms.size()) return pos;
    const Atom& atom = atoms[first];
    if (atom.not_before_word) {
      const bool blocked = pos < text.size() && char_class(text[pos]) != CharClass::kSpace;
      return blocked ? std::u32string::npos : match(atoms, first + 1, text, pos);
    }
    std::size_t count = 0;
    while (count < atom.most && pos + count < text.size() && accepts(atom, text[pos + count])) ++count;
    for (;; --count) {
      if (count < atom.least) return std::u32string::npos;
      if (const std::size_t end = match(atoms, first + 1, text, pos + count); end != std::u32string::npos) return end;
      if (count == 0) return std::u32string::npos;
    }
  }
  static constexpr std::size_t kMany = 1 << 20;
  static std::vector<std::vector<Atom>> contractions(bool any_case) {
    std::vector<std::vector<Atom>> alternatives;
    for (const char32_t* ending : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
      alternatives.emplace_back();
      for (const char32_t* c = ending; *c != 0; ++c) {
        alternatives.back().push_back({any_case ? "~" : "=", 1, 1, *c});
      }
    }
    return alternatives;
  }
  static std::vector<std::vector<Atom>> alternatives_of(WordPattern pattern) {
    const bool gpt2 = pattern == WordPattern::kGpt2;
    std::vector<std::vector<Atom>> alternatives = contractions(!gpt2);
    if (gpt2) {
      for (const char* classes : {"l", "n", "o"}) {
        alternatives.push_back({{"=", 0, 1, U' '}, {classes, 1, kMany}});
      }
    } else {
      alternatives.push_back({{"so-", 0, 1}, {"l", 1, kMany}});
      alternatives.push_back({{"n", 1, pattern == WordPattern::kLlama3 ? std::size_t{3} : std::size_t{1}}});
      alternatives.push_back({{"=", 0, 1, U' '}, {"o", 1, kMany}, {"+", 0, kMany}});
      alternatives.push_back({{"s", 0, kMany}, {"+", 1, kMany}});
    }
    alternatives.push_back({{"s", 1, kMany}, {"", 0, 0, 0, true}});
    alternatives.push_back({{"s", 1, kMany}});
    return alternatives;
  }
  static std::size_t first_match(WordPattern pattern, const std::u32string& text, std::size_t pos) {
    for (const auto& alternative : alternatives_of(pattern)) {
      if (const std::size_t end = match(alternative, 0, text, pos); end != std::u32string::npos) return end;
    }
    return std::u32string::npos;
  }
};

void expect_words_of_the_pattern(WordPattern pattern) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const std::string text = random_text(seed);
    std::u32string points;
    std::vector<std::size_t> offsets;
    for (std::size_t pos = 0; pos < text.size();) {
      offsets.push_back(pos);
      points.push_back(next_code_point(text, pos));
    }
    offsets.push_back(text.size());
    std::size_t at = 0;
    for (const std::string& word : words(pattern, text)) {
      const std::size_t end = Pattern::first_match(pattern, points, at);
      ASSERT_NE(end, std::u32string::npos);
      ASSERT_EQ(word.size(), offsets[end] - offsets[at]) << "at byte " << offsets[at] << " of: " << text;
      at = end;
    }
  }
}

TEST(Words, AgreeWithGpt2sPatternItself) { expect_words_of_the_pattern(WordPattern::kGpt2); }
TEST(Words, AgreeWithLlama3sPatternItself) { expect_words_of_the_pattern(WordPattern::kLlama3); }
TEST(Words, AgreeWithQwen2sPatternItself) { expect_words_of_the_pattern(WordPattern::kQwen2); }

}  // namespace
}  // namespace aacft
