#include "aacft/unicode/nfc.h"

#include <gtest/gtest.h>

#include <string>

#include "support/random_text.h"

namespace aacft {
namespace {

using testing::random_text;

TEST(Nfc, TextInNfcIsNotCopied) {
  for (const std::string text : {"", "plain", "caf\u00e9", "\u65e5\u672c\u8a9e \u2014", "\ub4a4\u11a7"}) {
    const Nfc nfc(text);
    EXPECT_EQ(nfc.text().data(), text.data());
    EXPECT_EQ(nfc.original_end(text.size()), text.size());
  }
}

TEST(Nfc, Composes) {
  EXPECT_EQ(Nfc("e\u0301").text(), "\u00e9");
  EXPECT_EQ(Nfc("e\u0301", NormalForm::kNone).text(), "e\u0301");
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

// As the reference, for which they are no marks: these came with Unicode 10 to 15.
TEST(Nfc, LaterMarksStayWhereTheyAre) {
  for (const std::string text :
       {"q\u0c3c\u0323", "q\u0323\u0c3c\u0334", "a\u0c3c\u0301", "\U00011935\U00011930", "\U00011938"})
    EXPECT_EQ(Nfc(text).text(), text);
  EXPECT_EQ(Nfc("\u0c3ce\u0301").text(), "\u0c3c\u00e9");
}

TEST(Nfc, CompatibleForms) {
  const auto nfkc = [](std::string_view text) { return std::string(Nfc(text, NormalForm::kKC).text()); };
  EXPECT_EQ(nfkc("plain"), "plain");
  EXPECT_EQ(nfkc("\ufb01\u00a0\u00bd\u2460"),
            "fi 1\u20442"
            "1");
  EXPECT_EQ(nfkc("e\u0301\uff21"),
            "\u00e9"
            "A");
  EXPECT_EQ(nfkc("\ufdfa"),
            "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645");
  const std::string text = "a\ufb01z";
  const Nfc two(text, NormalForm::kKC);
  EXPECT_EQ(two.original_begin(2), 1u);
  EXPECT_EQ(two.original_end(2), 4u);
  EXPECT_EQ(two.original_begin(3), 4u);
  EXPECT_EQ(two.original_end(4), 5u);
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
