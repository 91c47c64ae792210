#include "aacft/base/text.h"

#include <gtest/gtest.h>

#include <regex>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/base/utf8.h"

namespace aacft {
namespace {

TEST(Trimmed, OnlyBothEnds) {
  EXPECT_EQ(trimmed(" \t two  words\r\n"), "two  words");
  EXPECT_EQ(trimmed("word"), "word");
  EXPECT_EQ(trimmed(" \n "), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(OneLine, LineEndsAndTheBlanksAroundThemBecomeOneBlank) {
  EXPECT_EQ(one_line(" I am \r\n\r\n\t here,  now\n"), "I am here,  now");
  EXPECT_EQ(one_line("\n \n"), "");
}

TEST(Listed, TheFirstOnesAndHowManyMore) {
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(listed({"a", "b", "c"}, 3), "a, b, c");
  EXPECT_EQ(listed({"a", "b", "c", "d"}, 2), "a, b and 2 more");
  EXPECT_EQ(joined({"", "b", ""}, "|"), "|b|");
}

TEST(InQuotes, ShortAndPresentable) {
  EXPECT_EQ(in_quotes("two \n words"), "\"two ? words\"");
  EXPECT_EQ(in_quotes("it", '\''), "'it'");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), "\"" + std::string(100, 'x') + "\"");
  EXPECT_EQ(in_quotes(std::string(99, 'x') + "\u00e9"), "\"" + std::string(99, 'x') + "...\"");
}

TEST(ForShell, QuotesWhereAShellNeedsThem) {
  EXPECT_EQ(for_shell("runs/a-1.jsonl"), "runs/a-1.jsonl");
  EXPECT_EQ(for_shell(""), "''");
  EXPECT_EQ(for_shell("Anna's run"), "'Anna'\\''s run'");
  EXPECT_EQ(for_shell("a'\n"), "$'a\\'\\x0a'");
}

TEST(NearestName, FindsTypos) {
  const std::vector<std::string> names{"threads", "model", "micro-batch", "max-steps", "lr"};
  EXPECT_EQ(nearest_name("treads", names), "threads");
  EXPECT_EQ(nearest_name("micro_batch", names), "micro-batch");
  EXPECT_EQ(nearest_name("max-step", names), "max-steps");
  EXPECT_EQ(nearest_name("lr", names), "lr");
  EXPECT_EQ(nearest_name("rl", names), "lr");  // swapped
  EXPECT_EQ(nearest_name("temperature", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name("x", {}), "");
}

TEST(HumanBytes, ThreeDigits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1 kB");
  EXPECT_EQ(human_bytes(2'621'440), "2.62 MB");
  EXPECT_EQ(human_bytes(999'600), "1 MB");
  EXPECT_EQ(human_bytes(5'551'728'640), "5.55 GB");
  EXPECT_EQ(human_bytes(11'100'000'000), "11.1 GB");
  EXPECT_EQ(human_bytes(123'456'789'000'000), "123 TB");
}

TEST(HumanSeconds, TheLargestTwoUnits) {
  EXPECT_EQ(human_seconds(-5), "0 s");
  EXPECT_EQ(human_seconds(12.4), "12 s");
  EXPECT_EQ(human_seconds(59.6), "1 min 00 s");
  EXPECT_EQ(human_seconds(187), "3 min 07 s");
  EXPECT_EQ(human_seconds(3599.7), "1 h 00 min");
  EXPECT_EQ(human_seconds(3905), "1 h 05 min");
  EXPECT_EQ(human_seconds(100 * 3600), "100 h 00 min");
}

TEST(Utf8, CountsCodePoints) { EXPECT_EQ(count_code_points("a\u00e9\u20ac\U0001F600"), 4); }

// One character of every length, and every cut through it.
TEST(Presentable, HarmlessAndOneLine) {
  EXPECT_EQ(presentable("Grüße, 世界 👋"), "Grüße, 世界 👋");
  EXPECT_EQ(presentable(std::string("a\nb\r\x1B[2J\0c\x7F", 11)), "a?b??[2J?c?");
  EXPECT_EQ(presentable("\xC2\x9B"
                        "2J \xFF\xC3(\xE4\xB8"),
            "?2J ??(??");
  EXPECT_LT(presentable(std::string(1'000'000, 'x')).size(), 4100u);
}

TEST(Errors, JoinTheirParts) {
  EXPECT_STREQ(Error("line ", 7, ": ", 0.5, ' ', std::string("x")).what(), "line 7: 0.5 x");
  EXPECT_EQ(Error("x").exit_code(), 1);
  EXPECT_EQ(UsageError("x").exit_code(), 2);
  try {
    throw UsageError("as an Error");
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
  }
}

TEST(System, FactsFitTogether) {
  EXPECT_GT(rss_bytes(), 1'000'000u);
  EXPECT_GE(peak_rss_bytes() + (1u << 20), rss_bytes());
  EXPECT_GT(available_memory_bytes(), 0u);
  EXPECT_LE(available_memory_bytes(), total_memory_bytes());
  EXPECT_LT(rss_bytes(), total_memory_bytes());
  const double wall = wall_seconds(), cpu = cpu_seconds();
  EXPECT_GE(wall_seconds(), wall);
  EXPECT_GE(cpu_seconds(), cpu);
  EXPECT_FALSE(cpu_model().empty());
  EXPECT_TRUE(std::regex_match(utc_now(), std::regex("20\\d\\d-[01]\\d-[0-3]\\dT[0-2]\\d:[0-5]\\d:[0-6]\\dZ")))
      << utc_now();
}

TEST(System, MemoryInUseIsSeen) {
  const std::uint64_t before = rss_bytes();
  std::vector<char> block(64u << 20, 1);
  EXPECT_GT(rss_bytes(), before + (48u << 20));
  EXPECT_GT(peak_rss_bytes(), before + (48u << 20));
  EXPECT_EQ(block[block.size() / 2], 1);
}

}  // namespace
}  // namespace aacft
