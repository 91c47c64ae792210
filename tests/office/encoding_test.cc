#include "aacft/office/encoding.h"

#include <gtest/gtest.h>

namespace aacft {
namespace {

TEST(Encoding, CodePages) {
  EXPECT_EQ(utf8_of(CodePage::kWindows1252, "\x80 caf\xE9 \x92"), "€ café ’");
  EXPECT_EQ(utf8_of(CodePage::kMacRoman, "\xDB caf\x8E \xD5 \xE1 \xFF"), "€ café ’ · ˇ");
  EXPECT_EQ(utf8_of(CodePage::kWindows1252, "a\x8D"), std::nullopt);
  EXPECT_EQ(utf8_of(CodePage::kMacRoman, std::string("\0", 1)), std::string("\0", 1));
}

TEST(Encoding, MisplacedCharactersTellAWrongCodePage) {
  EXPECT_EQ(misplaced_characters("“It’s my dog…” · CAFÉ, Édith – 5 €, ¿qué?"), 0u);
  EXPECT_EQ(misplaced_characters("ÒItÕs my dogÉÓ"), 2u);  // Ò might begin a word, and capitals be shouted
  EXPECT_EQ(misplaced_characters("I á dog"), 1u);
  EXPECT_EQ(misplaced_characters("sch”n"), 1u);
  EXPECT_EQ(misplaced_characters("I ∑ dog"), 1u);
}

TEST(Encoding, MojibakeIsPutRight) {
  EXPECT_EQ(without_mojibake("cafÃ© itâ€™s"), "café it’s");
  EXPECT_EQ(without_mojibake("CAFÉ’s"), "CAFÉ’s");
}

}  // namespace
}  // namespace aacft
