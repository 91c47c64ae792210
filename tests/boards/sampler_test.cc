#include "aacft/boards/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "source_dir.h"

namespace aacft {
namespace {

using Counts = std::map<std::string, int>;
using Probabilities = std::map<std::string, double>;

constexpr int kSamples = 100'000;
constexpr double kFirst = 1 / 39.0 + 14 / 39.0 * 0.5 / 25, kSecond = 0.5 / 39;  // of a slot: 0.0328 and 0.0128

// The talk's layout over categories of the sizes that tests/boards/data/JavaSamples.java has.
Lexicon lexicon() {
  std::vector<LexiconEntry> entries;
  const auto add = [&](const std::string& category, IconType type, int size) {
    for (int i = 0; i < size; ++i) {
      const std::string word = category + std::to_string(i);
      entries.push_back({.icon = {word, type, word + ".png"}, .category = category});
    }
  };
  add("verbs", IconType::kVerb, 177);
  add("qualities", IconType::kAdjective, 64);
  add("food", IconType::kNoun, 317);
  add("adverbs_of_place", IconType::kAdjective, 21);
  for (const char* category : {"objects", "expressions"}) add(category, IconType::kNoun, 40);
  for (int i = 0; i < 14; ++i) add("second" + std::to_string(i), IconType::kNoun, 40);
  return Lexicon(std::move(entries));
}

Board talk_board() {
  auto json = nlohmann::json::parse(
      R"({"name": "talk", "verbs": ["have", "be", "can", "want", "[verbs]"], "words": {}, "pages": [
    {"numbered": "columns", "rows": [["I", "we", "past", "[verbs]", "future"], ["you", "you-pl", "negate", "be", "want"],
      ["he", "they-m", "have", "can", "question"], ["she", "they-f", "[qualities]", "[food]", "[objects]"],
      ["let's", "that", "[adverbs_of_place]", "[expressions]", "dot"]]},
    {"rows": [["[second0]", "[second1]", "[second2]", "[second3]", "[second4]", "[second5]", "[second6]"],
      ["[second7]", "[second8]", "[second9]", "[second10]", "[second11]", "[second12]", "[second13]"]]}]})");
  const std::map<std::string, std::string> clitics = {{"I", "me"},        {"you", "you"},    {"he", "him"},
                                                      {"she", "her"},     {"we", "us"},      {"you-pl", "you"},
                                                      {"they-m", "them"}, {"they-f", "them"}};
  const std::map<std::string, std::string> types = {
      {"be", "VERB"},        {"can", "VERB"},          {"have", "VERB"},
      {"want", "VERB"},      {"past", "TENSE_PAST"},   {"future", "TENSE_FUTURE"},
      {"negate", "NEGATED"}, {"question", "QUESTION"}, {"dot", "DOT"}};
  for (const auto& row : json["pages"][0]["rows"])
    for (const std::string cell : row) {
      if (cell[0] == '[') continue;
      auto& word = json["words"][cell] = {{"type", types.contains(cell) ? types.at(cell) : "NOUN"}, {"picture", cell}};
      if (clitics.contains(cell)) word["clitic"] = clitics.at(cell);
    }
  return parse_board(json, "talk", lexicon());
}

// The slot that an icon of talk_board came from.
std::string slot_of(const Icon& icon) {
  if (!icon.picture.ends_with(".png")) return icon.picture;
  return "[" + icon.word.substr(0, icon.word.find_last_not_of("0123456789") + 1) +
         (icon.word.starts_with("second") ? "" : "]");
}

std::vector<std::vector<Icon>> samples(const IconSampler& sampler, std::uint64_t seed) {
  std::vector<std::vector<Icon>> all;
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    CounterDraws draws(seed, i);
    all.push_back(sampler.sample(draws));
  }
  return all;
}

// Pearson's statistic lies below the point that one in three million exceeds (Wilson and Hilferty's approximation).
void expect_distribution(const Counts& counts, const Probabilities& probabilities) {
  int total = 0;
  double mass = 0, statistic = 0;
  for (const auto& [name, count] : counts) {
    total += count;
    EXPECT_TRUE(probabilities.contains(name)) << name << " was not to be expected";
  }
  for (const auto& [name, probability] : probabilities) {
    const double expected = probability * total, off = (counts.contains(name) ? counts.at(name) : 0) - expected;
    EXPECT_GT(expected, 5) << name;
    statistic += off * off / expected;
    mass += probability;
  }
  EXPECT_NEAR(mass, 1, 1e-9);
  const double freedom = static_cast<double>(probabilities.size()) - 1, spread = 2 / (9 * freedom);
  EXPECT_LT(statistic, freedom * std::pow(1 - spread + 5 * std::sqrt(spread), 3));
}

// What JavaSamples.java draws, which has the order of draws of the talk's program.
TEST(IconSampler, DrawsAsJavaDoes) {
  std::istringstream golden(read_file(AACFT_SOURCE_DIR "/tests/boards/data/java_samples.txt"));
  const IconSampler sampler(talk_board());
  JavaRandom random(20230608);
  int lines = 0;
  for (std::string line; std::getline(golden, line); ++lines) {
    std::string words;
    for (const Icon& icon : sampler.sample(random))
      words += (words.empty() ? "" : " ") + (icon.type == IconType::kCliticPronoun ? icon.word + ":" + icon.picture
                                             : icon.picture.ends_with(".png")      ? icon.word
                                                                                   : icon.picture);
    ASSERT_EQ(words, line) << "sample " << lines;
  }
  EXPECT_EQ(lines, 200);
}

TEST(IconSampler, SamplesAreAFunctionOfSeedAndIndex) {
  const IconSampler sampler(talk_board());
  const auto sample = [&](std::uint64_t seed, std::uint64_t index) {
    CounterDraws draws(seed, index);
    return sampler.sample(draws);
  };
  std::set<std::string> different;
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(sample(5, 99 - i), sample(5, 99 - i));
    different.insert(prompt_of_icons(sample(5, i)));
    different.insert(prompt_of_icons(sample(6, i)));
  }
  EXPECT_GT(different.size(), 150u);
}

// Without marks and verbs each draw is one of a slot as it is.
TEST(IconSampler, SlotProbabilities) {
  Board board = talk_board();
  board.verbs.clear();
  Probabilities probabilities;
  for (BoardPage& page : board.pages)
    for (Slot& slot : page.slots) {
      slot = {.label = slot.label, .icons = {{slot.label, IconType::kVerb, slot.label}}};
      probabilities[slot.label] = &page == &board.pages[0] ? kFirst : kSecond;
    }
  Counts counts;
  for (const auto& sample : samples(IconSampler(board), 1))
    for (const Icon& icon : sample) ++counts[icon.picture];
  expect_distribution(counts, probabilities);
}

TEST(IconSampler, LengthsArePoissonGivenNotEmpty) {
  for (const auto& [mean, long_one] :
       {std::pair{3.0, 10}, {1.5, 7}}) {  // those as long as that, or longer, count as one
    Counts counts;
    for (const auto& sample : samples(IconSampler(talk_board(), {.mean_length = mean}), 2))
      ++counts[std::to_string(std::min<std::size_t>(sample.size(), long_one))];
    Probabilities probabilities;
    double p = std::exp(-mean), rest = 1;
    const double not_empty = 1 - p;
    for (int k = 1; k < long_one; ++k) {
      p *= mean / k;
      probabilities[std::to_string(k)] = p / not_empty;
      rest -= p / not_empty;
    }
    probabilities[std::to_string(long_one)] = rest;
    expect_distribution(counts, probabilities);
  }
}

TEST(IconSampler, IconsOfACategoryAreUniform) {
  Counts counts;
  for (const auto& sample : samples(IconSampler(talk_board()), 3))
    for (const Icon& icon : sample)
      if (icon.word.starts_with("adverbs")) ++counts[icon.word];
  Probabilities probabilities;
  for (int i = 0; i < 21; ++i) probabilities["adverbs_of_place" + std::to_string(i)] = 1 / 21.0;
  expect_distribution(counts, probabilities);
}

// The distribution of slots, when a verb is wanted or not, and when marks are rejected or not.
Probabilities slots(bool verb_wanted, bool marks_rejected) {
  Probabilities probabilities;
  const Board board = talk_board();
  const std::set<std::string> verbs = {"be", "can", "have", "want", "[verbs]"};
  double kept = 0;
  for (const BoardPage& page : board.pages)
    for (const Slot& slot : page.slots) {
      const std::string name = slot.label.starts_with("[second") ? slot.label.substr(0, 7) : slot.label;
      if (marks_rejected && (name == "dot" || name == "question")) continue;
      const double plain = &page == &board.pages[0] ? kFirst : kSecond;
      const double p = verb_wanted ? 0.5 * plain + (verbs.contains(name) ? 0.5 / 5 : 0) : plain;
      probabilities[name] += p;
      kept += p;
    }
  for (auto& [name, p] : probabilities) p /= kept;  // a rejected draw starts again, its coin included
  return probabilities;
}

TEST(IconSampler, Rules) {
  Counts first, second_verbless, second_after_verb, later_verbless, later_after_verb;
  for (const auto& sample : samples(IconSampler(talk_board()), 4)) {
    bool verb = false, noun = false;
    for (std::size_t i = 0; i < sample.size(); ++i) {
      const Icon& icon = sample[i];
      const std::string slot = slot_of(icon);
      ++(i == 0   ? first
         : i == 1 ? (verb ? second_after_verb : second_verbless)
                  : (verb ? later_after_verb : later_verbless))[slot];
      const bool pronoun =
          std::set<std::string>{"I", "you", "he", "she", "we", "you-pl", "they-m", "they-f"}.contains(slot);
      if (pronoun) {
        ASSERT_EQ(icon.type, noun ? IconType::kCliticPronoun : IconType::kNoun) << slot;
      }
      if (!noun) {
        ASSERT_NE(icon.type, IconType::kCliticPronoun);
      }
      verb |= icon.type == IconType::kVerb;
      noun |= icon.type == IconType::kNoun;
    }
  }
  expect_distribution(first, slots(false, true));
  expect_distribution(second_verbless, slots(true, true));
  expect_distribution(second_after_verb, slots(false, true));
  expect_distribution(later_verbless, slots(true, false));
  expect_distribution(later_after_verb, slots(false, false));
}

TEST(IconSampler, SubjectsAreAsTheBoardSays) {
  Board board = talk_board();
  for (Slot& slot : board.pages[0].slots) slot.subject = slot.label == "that";
  for (Slot& slot : board.pages[1].slots) slot.subject = false;
  int clitics = 0;
  for (const auto& sample : samples(IconSampler(board), 5)) {
    bool that = false;
    for (const Icon& icon : sample) {
      if (icon.type == IconType::kCliticPronoun) {
        ASSERT_TRUE(that);
        ++clitics;
      }
      that |= icon.word == "that";
    }
  }
  EXPECT_GT(clitics, 1000);
}

// Boards that nothing could be sampled from would hang.
TEST(IconSampler, RefusesWhatCannotBeSampled) {
  Board marks{.name = "marks",
              .pages = {{.slots = {{.label = "dot", .icons = {{"dot", IconType::kDot, "dot"}}},
                                   {.label = "?", .icons = {{"?", IconType::kQuestion, "q"}}}}}}};
  EXPECT_THROW(IconSampler{marks}, Error);
  marks.pages.push_back({.slots = {{.label = "go", .icons = {{"go", IconType::kVerb, "go"}}}}});
  const IconSampler sampler(marks);
  JavaRandom random(1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(sampler.sample(random)[0].word, "go");
  for (const double mean : {0.0, -1.0, 0.001, 101.0, std::nan(""), HUGE_VAL})
    EXPECT_THROW(IconSampler(talk_board(), {.mean_length = mean}), Error) << mean;
}

}  // namespace
}  // namespace aacft
