// Pieces of text while tokens come, with stop strings and code points across tokens.
#include "aacft/generate/answer_text.h"

#include <gtest/gtest.h>

#include "aacft/base/random.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"

namespace aacft {
namespace {

// Token i is the i-th piece of a script.
class Script : public Tokenizer {
 public:
  explicit Script(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  std::vector<Token> encode_with_offsets(std::string_view) const override { return {}; }
  std::string decode(std::span<const std::int32_t> ids, bool) const override {
    std::string bytes;
    for (const std::int32_t id : ids) bytes += pieces_[static_cast<std::size_t>(id)];
    return lossy_utf8(bytes);
  }
  std::string piece(std::int32_t) const override { return {}; }
  std::optional<std::int32_t> find(std::string_view) const override { return {}; }
  std::int32_t size() const override { return static_cast<std::int32_t>(pieces_.size()); }

 private:
  std::vector<std::string> pieces_;
};

struct Ended {
  std::string text;
  bool stopped = false;
  bool operator==(const Ended&) const = default;
};

// Until the script is at its end or a stop string comes.
Ended stream(std::vector<std::string> pieces, const std::vector<std::string>& stop) {
  const Script script(std::move(pieces));
  AnswerText text(script, stop);
  std::string joined;
  for (std::int32_t id = 0; id < script.size() && !text.stopped(); ++id) {
    const std::string piece = text.add(id);
    EXPECT_TRUE(valid_utf8(piece));
    joined += piece;
  }
  return {joined + text.finish(), text.stopped()};
}

TEST(AnswerText, StopStringAcrossTokens) {
  EXPECT_EQ(stream({"Hi", "\n<", "hum", "an>", "more"}, {"\n<human>"}), Ended("Hi", true));
  EXPECT_EQ(stream({"Hi", "\n<", "hum", "ble>"}, {"\n<human>"}), Ended("Hi\n<humble>"));
  EXPECT_EQ(stream({"Hi<", "hum"}, {"<human>"}), Ended("Hi<hum"));
  EXPECT_EQ(stream({"a", "b", "c"}, {"abd", "c"}), Ended("ab", true));
}

TEST(AnswerText, CodePointsAcrossTokens) {
  EXPECT_EQ(stream({"a\xC3", "\xA9", "\xF0\x9F", "\x98\x80!"}, {}), Ended("a\xC3\xA9\xF0\x9F\x98\x80!"));
  EXPECT_EQ(stream({"a", "\xF0\x9F\x98"}, {}), Ended("a\xEF\xBF\xBD"));
  // The stop string's code point, too.
  EXPECT_EQ(stream({"say a", "\xC3", "\xA9", "b"}, {"a\xC3\xA9"}), Ended("say ", true));
  EXPECT_EQ(stream({"say a", "\xC3", "\xA8", "b"}, {"a\xC3\xA9"}), Ended("say a\xC3\xA8"
                                                                         "b"));
}

// Any text cut anywhere, with stop strings of the same few letters: as if the whole text were searched.
TEST(AnswerText, EqualsTheSearchOfTheWholeText) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const RandomStream random(seed, Purpose::kSampling);
    std::uint64_t drawn = 0;
    const auto below = [&](std::uint64_t bound) { return random.bits(drawn++) % bound; };
    const auto letters = [&](std::uint64_t most) {
      std::string text;
      for (std::uint64_t left = below(most) + 1; left > 0; --left) text += static_cast<char>('a' + below(2));
      return text;
    };
    std::vector<std::string> pieces, stop;
    for (std::uint64_t left = below(12) + 1; left > 0; --left) pieces.push_back(letters(3));
    for (std::uint64_t left = below(3); left > 0; --left) stop.push_back(letters(6));
    std::string text;
    std::size_t first = text.npos;
    for (std::size_t i = 0; i < pieces.size() && first == text.npos; ++i) {
      text += pieces[i];
      for (const std::string& s : stop) first = std::min(first, text.find(s));
    }
    ASSERT_EQ(stream(pieces, stop), Ended(text.substr(0, first), first != text.npos)) << "seed " << seed;
  }
}

TEST(CertainText, HoldsBackWhatMayBecomeAStopString) {
  const auto certain = [](const std::string& text, const std::vector<std::string>& stop) {
    const CertainText c = certain_text(text, stop);
    return std::pair(text.substr(0, c.length), c.stopped);
  };
  using Pair = std::pair<std::string, bool>;
  EXPECT_EQ(certain("", {"x"}), Pair("", false));
  EXPECT_EQ(certain("abc", {}), Pair("abc", false));
  EXPECT_EQ(certain("abc", {""}), Pair("abc", false));
  EXPECT_EQ(certain("abc<hum", {"<human>"}), Pair("abc", false));
  EXPECT_EQ(certain("abc<human>def", {"<human>"}), Pair("abc", true));
  EXPECT_EQ(certain("abc<hum!", {"<human>"}), Pair("abc<hum!", false));
  // The longest ending that may grow, and the first match of any.
  EXPECT_EQ(certain("xaab", {"aabaac", "b!"}), Pair("x", false));
  EXPECT_EQ(certain("xaa", {"aab"}), Pair("x", false));
  EXPECT_EQ(certain("xaaa", {"aab"}), Pair("xa", false));
  EXPECT_EQ(certain("one two", {"two", "one"}), Pair("", true));
  EXPECT_EQ(certain("abcd", {"bcd", "abcde"}), Pair("a", true));
}

}  // namespace
}  // namespace aacft
