#include "aacft/realise/icon_words.h"

#include <gtest/gtest.h>

#include "aacft/base/error.h"
#include "source_dir.h"

namespace aacft {
namespace {

const Lexicon& lexicon() {
  static const Lexicon lexicon =
      Lexicon::read(std::string(AACFT_SOURCE_DIR) + "/data/icons.tsv", [](const std::string&) {});
  return lexicon;
}

TEST(IconWords, Splits) {
  const auto words = [](std::string_view text) {
    std::string out;
    for (const Icon& icon : icons_of_words(text, lexicon())) out += icon.word + "|";
    return out;
  };
  EXPECT_EQ(words("I want ice cream"), "I|want|ice cream|");
  EXPECT_EQ(words("mum, dad, be, happy"), "mum|dad|be|happy|");
  EXPECT_EQ(words("I want \"ice cream\" now?"), "I|want|ice cream|now|question|");
  EXPECT_EQ(words("let's go. don't"), "let's|go|dot|don't|");
  EXPECT_EQ(words("  "), "");
  EXPECT_THROW(icons_of_words("dog/NUON", lexicon()), Error);
  EXPECT_EQ(icons_of_words("I drink water", lexicon())[1].type, IconType::kVerb);
  EXPECT_EQ(icons_of_words("I want drink", lexicon())[2].type, IconType::kNoun);
  EXPECT_EQ(icons_of_words("him/CLITIC_PRONOUN", lexicon())[0].type, IconType::kCliticPronoun);
  EXPECT_EQ(icons_of_words("I love you", lexicon())[2].type, IconType::kCliticPronoun);
  EXPECT_EQ(icons_of_words("I like her", lexicon())[2].type, IconType::kCliticPronoun);
  EXPECT_EQ(icons_of_words("I like her big dog", lexicon())[2].type, IconType::kAdjective);
  EXPECT_EQ(icons_of_words("don't drink", lexicon())[1].type, IconType::kVerb);
}

}  // namespace
}  // namespace aacft
