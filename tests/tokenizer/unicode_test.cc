#include "aacft/tokenizer/unicode.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/random_text.h"

namespace aacft {
namespace {

using testing::random_text;

TEST(Unicode, FirstInvalidByte) {
  EXPECT_EQ(first_invalid_utf8(""), std::string::npos);
  EXPECT_EQ(first_invalid_utf8("caf\u00e9 \U0001F37F"), std::string::npos);
  EXPECT_EQ(first_invalid_utf8("ab\xFF"), 2u);
  EXPECT_EQ(first_invalid_utf8("\xC3\xA9\x80"), 2u);
  EXPECT_EQ(first_invalid_utf8("ab\xE2\x82"), 2u);        // cut short
  EXPECT_EQ(first_invalid_utf8("\xED\xA0\x80"), 0u);      // a surrogate
  EXPECT_EQ(first_invalid_utf8("a\xC0\xAF"), 1u);         // overlong
  EXPECT_EQ(first_invalid_utf8("\xF4\x90\x80\x80"), 0u);  // past U+10FFFF
}

// Expected values are those of Rust's String::from_utf8_lossy and of the Unicode standard, section 3.9.
TEST(Unicode, LossyReplacesMaximalInvalidPrefixes) {
  const std::string r = "\uFFFD";
  EXPECT_EQ(lossy_utf8("caf\u00e9 \U0001F37F"), "caf\u00e9 \U0001F37F");
  EXPECT_EQ(lossy_utf8("a\xFF"
                       "b"),
            "a" + r + "b");
  EXPECT_EQ(lossy_utf8("\xE2\x82"), r);
  EXPECT_EQ(lossy_utf8("\xE2\x82"
                       "A"),
            r + "A");
  EXPECT_EQ(lossy_utf8("\xF0\x9F\x8D"), r);
  EXPECT_EQ(lossy_utf8("\xF0\x9F\x8D\xF0\x9F\x8D\xBF"), r + "\U0001F37F");
  EXPECT_EQ(lossy_utf8("\xC0\x80"), r + r);
  EXPECT_EQ(lossy_utf8("\xED\xA0\x80"), r + r + r);
  EXPECT_EQ(lossy_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF"
                       "A"),
            r + r + r + r + "A");
  EXPECT_EQ(lossy_utf8("\xF4\x90\x80\x80"), r + r + r + r);
}

TEST(Unicode, CharClasses) {
  EXPECT_EQ(char_class(U'a'), CharClass::kLetter);
  EXPECT_EQ(char_class(U'日'), CharClass::kLetter);
  EXPECT_EQ(char_class(U'5'), CharClass::kNumber);
  EXPECT_EQ(char_class(U'²'), CharClass::kNumber);
  EXPECT_EQ(char_class(U'Ⅷ'), CharClass::kNumber);
  EXPECT_EQ(char_class(U'_'), CharClass::kOther);
  EXPECT_EQ(char_class(0x301), CharClass::kOther);    // marks are not letters
  EXPECT_EQ(char_class(0x1F37F), CharClass::kOther);  // popcorn
  // Unicode's White_Space, all of it.
  const std::u32string spaces =
      U"\x09\x0A\x0B\x0C\x0D\x20\x85\xA0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
      U"\u200A\u2028"
      U"\u2029\u202F\u205F\u3000";
  for (char32_t c = 0; c < 0x110000; ++c) {
    ASSERT_EQ(char_class(c) == CharClass::kSpace, spaces.find(c) != std::u32string::npos) << std::hex << unsigned(c);
  }
}

TEST(Unicode, SpaceAtTheEnds) {
  EXPECT_EQ(leading_space(" \n\u3000a "), 5u);
  EXPECT_EQ(trailing_space(" a\u3000\n "), 5u);
  EXPECT_EQ(leading_space("  "), 2u);
  EXPECT_EQ(trailing_space("  "), 2u);
  EXPECT_EQ(trailing_space(""), 0u);
}

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

TEST(Nfc, TextInNfcIsNotCopied) {
  for (const std::string text : {"", "plain", "caf\u00e9", "\u65e5\u672c\u8a9e \u2014", "\ub4a4\u11a7"}) {
    const Nfc nfc(text);
    EXPECT_EQ(nfc.text().data(), text.data());
    EXPECT_EQ(nfc.original_end(text.size()), text.size());
  }
}

TEST(Nfc, Composes) {
  EXPECT_EQ(Nfc("e\u0301").text(), "\u00e9");
  EXPECT_EQ(Nfc("e\u0301", false).text(), "e\u0301");
  EXPECT_EQ(Nfc("a\u0301\u0323").text(), "\u1ea1\u0301");   // reordered, then composed
  EXPECT_EQ(Nfc("\u1112\u1161\u11ab").text(), "\ud55c");    // Hangul
  EXPECT_EQ(Nfc("\ub4a4\u11a7x").text(), "\ub4a4\u11a7x");  // not a trailing consonant
  EXPECT_EQ(Nfc("\u1103\u1171\u11a7").text(), "\ub4a4\u11a7");
  EXPECT_EQ(Nfc("\u212b \u2126").text(), "\u00c5 \u03a9");  // singletons
  EXPECT_EQ(Nfc("\u0958").text(), "\u0915\u093c");          // an excluded composition
  EXPECT_EQ(Nfc("\u0dd9\u0dcf").text(), "\u0ddc");          // a starter that composes backwards
  EXPECT_EQ(Nfc("x\u0f73").text(), "x\u0f71\u0f72");
  EXPECT_EQ(Nfc("e\u0327\u0301").text(), "\u0229\u0301");
}

TEST(Nfc, LeadsBackToTheOriginal) {
  const std::string text = "ab e\u0301x \u1112\u1161\u11ab.";  // e is at 3, x at 6, the jamo at 8
  const Nfc nfc(text);
  ASSERT_EQ(nfc.text(), "ab \u00e9x \ud55c.");
  EXPECT_EQ(nfc.original_begin(0), 0u);
  EXPECT_EQ(nfc.original_end(2), 2u);
  EXPECT_EQ(nfc.original_begin(3), 3u);
  EXPECT_EQ(nfc.original_end(5), 6u);
  EXPECT_EQ(nfc.original_begin(4), 3u);  // inside the composed letter
  EXPECT_EQ(nfc.original_end(4), 6u);
  EXPECT_EQ(nfc.original_begin(5), 6u);
  EXPECT_EQ(nfc.original_end(7), 8u);
  EXPECT_EQ(nfc.original_begin(7), 8u);
  EXPECT_EQ(nfc.original_end(10), 17u);
  EXPECT_EQ(nfc.original_end(11), 18u);
}

TEST(Nfc, MarksAreAlignedFromStarterToStarter) {
  const std::string text = "a\u0301\u0323b";
  const Nfc nfc(text);
  ASSERT_EQ(nfc.text(), "\u1ea1\u0301b");
  EXPECT_EQ(nfc.original_begin(3), 0u);  // the accent came from before the dot
  EXPECT_EQ(nfc.original_end(3), 5u);
  EXPECT_EQ(nfc.original_begin(5), 5u);
}

TEST(Nfc, IsIdempotentAndAlignedOnRandomText) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const std::string text = random_text(seed, /*decomposed=*/true);
    const Nfc nfc(text);
    const std::string composed(nfc.text());
    ASSERT_EQ(Nfc(composed).text(), composed) << text;
    std::size_t begin = 0, end = 0;
    for (std::size_t pos = 0; pos < composed.size(); ++pos) {
      ASSERT_GE(nfc.original_begin(pos), begin);
      ASSERT_GE(nfc.original_end(pos + 1), end);
      ASSERT_LE(nfc.original_begin(pos), end) << "bytes " << end << " on are behind nothing";
      begin = nfc.original_begin(pos);
      end = nfc.original_end(pos + 1);
      ASSERT_LT(begin, end);
    }
    ASSERT_EQ(end, text.size());
  }
}

// Ordering the marks one by one would take minutes.
TEST(Nfc, ManyMarksInARow) {
  std::string text = "a";
  for (int i = 0; i < 200000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";
  EXPECT_EQ(Nfc(text).text().substr(0, 5), "\u1ea1\u0323");
}

}  // namespace
}  // namespace aacft
