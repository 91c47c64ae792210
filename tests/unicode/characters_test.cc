#include "aacft/unicode/characters.h"

#include <gtest/gtest.h>

#include <string>

namespace aacft {
namespace {

TEST(Characters, CharClasses) {
  EXPECT_EQ(char_class(U'a'), CharClass::kLetter);
  EXPECT_EQ(char_class(U'日'), CharClass::kLetter);
  EXPECT_EQ(char_class(U'5'), CharClass::kNumber);
  EXPECT_EQ(char_class(U'²'), CharClass::kNumber);
  EXPECT_EQ(char_class(U'Ⅷ'), CharClass::kNumber);
  EXPECT_EQ(char_class(U'_'), CharClass::kOther);
  EXPECT_EQ(char_class(0x301), CharClass::kOther);    // marks are not letters
  EXPECT_EQ(char_class(0x1F37F), CharClass::kOther);  // popcorn
  // From after Unicode 15, and their neighbours.
  EXPECT_EQ(char_class(0x2EBEF), CharClass::kOther);
  EXPECT_EQ(char_class(0x2EBF0), CharClass::kLetter);
  EXPECT_EQ(char_class(0x2EE5D), CharClass::kLetter);
  EXPECT_EQ(char_class(0x2EE5E), CharClass::kOther);
  EXPECT_EQ(char_class(0x10D45), CharClass::kNumber);
  // Unicode's White_Space, all of it.
  const std::u32string spaces =
      U"\x09\x0A\x0B\x0C\x0D\x20\x85\xA0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
      U"\u200A\u2028"
      U"\u2029\u202F\u205F\u3000";
  for (char32_t c = 0; c < 0x110000; ++c) {
    ASSERT_EQ(char_class(c) == CharClass::kSpace, spaces.find(c) != std::u32string::npos) << std::hex << unsigned(c);
  }
}

TEST(Characters, Numbers) {
  EXPECT_TRUE(is_numeric(U'7'));
  EXPECT_TRUE(is_numeric(U'\u00bd'));
  EXPECT_TRUE(is_numeric(0x11DE9));
  EXPECT_FALSE(is_numeric(U'a'));
}

TEST(Characters, SpaceAtTheEnds) {
  EXPECT_EQ(leading_space(" \n\u3000a "), 5u);
  EXPECT_EQ(trailing_space(" a\u3000\n "), 5u);
  EXPECT_EQ(leading_space("  "), 2u);
  EXPECT_EQ(trailing_space("  "), 2u);
  EXPECT_EQ(trailing_space(""), 0u);
}

TEST(Characters, Kinds) {
  EXPECT_TRUE(is_mark(0x301));
  EXPECT_FALSE(is_mark(U'\u00e9'));
  EXPECT_TRUE(is_punctuation(U'\u2019'));
  EXPECT_FALSE(is_punctuation(U'+'));  // a symbol
}

TEST(Characters, Case) {
  EXPECT_EQ(lower_case(U'\u00c9'), U'\u00e9');
  EXPECT_EQ(case_folded("Stra\u00dfe E\u0301"), "strasse \u00e9");
  EXPECT_EQ(case_folded("A\xFF"), "A\xFF");
}

}  // namespace
}  // namespace aacft
