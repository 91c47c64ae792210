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

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t pos = 0; pos < text.size(); pos += words.back().size()) {
    words.emplace_back(text.substr(pos, word_length(text.substr(pos))));
  }
  return words;
}

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

// The pattern word for word: every alternative is tried with a backtracking matcher, as slow and plain as can
// be.
struct Pattern {
  struct Atom {
    std::string classes;  // l, n, s, o: any of them, or = for exactly `literal`
    std::size_t least, most;
    char32_t literal = 0;
    bool not_before_word = false;  // (?!\S), no character
  };
  static bool accepts(const Atom& atom, char32_t c) {
    if (atom.classes == "=") return c == atom.literal;
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
  static std::size_t first_match(const std::u32string& text, std::size_t pos) {
    constexpr std::size_t kMany = 1 << 20;
    std::vector<std::vector<Atom>> alternatives;
    for (const char32_t* ending : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
      alternatives.emplace_back();
      for (const char32_t* c = ending; *c != 0; ++c) alternatives.back().push_back({"=", 1, 1, *c});
    }
    for (const char* classes : {"l", "n", "o"}) {
      alternatives.push_back({{"=", 0, 1, U' '}, {classes, 1, kMany}});
    }
    alternatives.push_back({{"s", 1, kMany}, {"", 0, 0, 0, true}});
    alternatives.push_back({{"s", 1, kMany}});
    for (const auto& alternative : alternatives) {
      if (const std::size_t end = match(alternative, 0, text, pos); end != std::u32string::npos) return end;
    }
    return std::u32string::npos;
  }
};

TEST(Words, AgreeWithThePatternItself) {
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
    for (const std::string& word : words(text)) {
      const std::size_t end = Pattern::first_match(points, at);
      ASSERT_NE(end, std::u32string::npos);
      ASSERT_EQ(word.size(), offsets[end] - offsets[at]) << "at byte " << offsets[at] << " of: " << text;
      at = end;
    }
  }
}

}  // namespace
}  // namespace aacft
