#include "aacft/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace aacft {
namespace {

TEST(Utf8, CompletePrefix) {
  for (const std::string character : {"a", "\u00e9", "\u20ac", "\U0001F600"}) {
    for (std::size_t bytes = 0; bytes <= character.size(); ++bytes) {
      const std::string cut = character.substr(0, bytes);
      const std::size_t whole = bytes == character.size() ? bytes : 0;
      EXPECT_EQ(complete_utf8_prefix(cut), whole);
      EXPECT_EQ(complete_utf8_prefix("xy" + cut), 2 + whole);
      EXPECT_EQ(complete_utf8_prefix("\u20ac" + cut), 3 + whole);
    }
  }
  // What can never become complete is not held back.
  EXPECT_EQ(complete_utf8_prefix("a\xff"), 2u);
  EXPECT_EQ(complete_utf8_prefix("\x80\x80\x80\x80"), 4u);
  EXPECT_EQ(complete_utf8_prefix("a\xc3\xa9\xa9"), 4u);
}

TEST(Utf8, Valid) {
  for (const std::string text : {"", "plain", "\u00e9\u20ac\U0001F600", "\x7f", "\u0080", "\u07ff", "\u0800", "\uffff",
                                 "\U00010000", "\U0010ffff", "\xed\x9f\xbf", "\xee\x80\x80"})
    EXPECT_TRUE(valid_utf8(text)) << text;
  EXPECT_TRUE(valid_utf8(std::string("\0", 1)));
  for (const std::string text : {"\x80", "a\xc3", "\xc3\x28", "\xe2\x82", "\xf0\x9f\x98", "\xe2\x28\xa1", "\xff",
                                 "\xfe", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",  // overlong
                                 "\xed\xa0\x80", "\xed\xbf\xbf",                                      // surrogates
                                 "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"})  // past the last code point
    EXPECT_FALSE(valid_utf8(text));
}

TEST(Utf8, FirstInvalidByte) {
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
TEST(Utf8, LossyReplacesMaximalInvalidPrefixes) {
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

}  // namespace
}  // namespace aacft
