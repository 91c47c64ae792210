// Near duplicates, compared with the obvious way: every pair.
#include "aacft/data/near_duplicates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "aacft/base/random.h"

namespace aacft::testing {
namespace {

using Words = std::vector<std::string>;

double jaccard(const Words& a, const Words& b) {
  std::map<std::string, std::pair<int, int>> counts;
  for (const std::string& word : a) ++counts[word].first;
  for (const std::string& word : b) ++counts[word].second;
  double shared = 0, all = 0;
  for (const auto& [word, count] : counts)
    shared += std::min(count.first, count.second), all += std::max(count.first, count.second);
  return all > 0 ? shared / all : 0;
}

std::vector<NearMatch> by_every_pair(const std::vector<Words>& rows, double threshold) {
  std::vector<NearMatch> matches;
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (const double value = jaccard(rows[i], rows[j]); !rows[i].empty() && value >= threshold - 1e-9) {
        matches.push_back({i, j, value});
        break;
      }
  return matches;
}

// Rows of 0 to 24 words, many of them made from an earlier one by changing some words.
std::vector<Words> some_rows(std::uint64_t seed, std::size_t count, std::uint32_t vocabulary) {
  const RandomStream random(seed, Purpose::kShuffle);
  std::uint64_t draws = 0;
  const auto below = [&](std::uint32_t n) { return random.bits(draws++) % n; };
  std::vector<Words> rows;
  for (std::size_t i = 0; i < count; ++i) {
    Words row;
    if (i > 0 && below(2) == 0) {
      row = rows[below(static_cast<std::uint32_t>(i))];
      for (std::uint32_t edits = below(3); edits > 0 && !row.empty(); --edits)
        row[below(static_cast<std::uint32_t>(row.size()))] = std::to_string(below(vocabulary));
      std::reverse(row.begin(), row.end());
    } else {
      for (std::uint32_t n = below(25); n > 0; --n)
        row.push_back(std::to_string(std::min(below(vocabulary), below(vocabulary))));
    }
    rows.push_back(row);
  }
  return rows;
}

TEST(NearDuplicates, AreThoseOfEveryPair) {
  std::size_t found = 0, inexact = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    for (const double threshold : {0.5, 0.8, 0.9, 1.0})
      for (const std::uint32_t vocabulary : {6u, 300u}) {
        const auto rows = some_rows(seed, 120, vocabulary);
        const auto wanted = by_every_pair(rows, threshold);
        const NearDuplicates near = near_duplicates(rows, threshold);
        EXPECT_EQ(near.searched, rows.size());
        ASSERT_EQ(near.matches.size(), wanted.size()) << seed << " " << threshold << " " << vocabulary;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          EXPECT_EQ(near.matches[i].row, wanted[i].row);
          EXPECT_EQ(near.matches[i].earlier, wanted[i].earlier);
          EXPECT_NEAR(near.matches[i].similarity, wanted[i].similarity, 1e-12);
          inexact += wanted[i].similarity < 1;
        }
        found += wanted.size();
      }
  EXPECT_GT(found, 300u);
  EXPECT_GT(inexact, 50u);
}

TEST(NearDuplicates, EndsWhereTooManyRowsAreAlike) {
  // Each has 26 of 52 letters, so nearly all share their rarest ones and nearly none are alike: every pair would be
  // compared.
  const RandomStream random(7, Purpose::kShuffle);
  std::vector<Words> rows;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    Words row;
    for (std::uint64_t j = 0; j < 26; ++j)
      row.emplace_back(1, static_cast<char>((random.bits(i * 26 + j) % 2 ? 'a' : 'A') + j));
    rows.push_back(std::move(row));
  }
  rows.push_back(rows[0]);
  const NearDuplicates near = near_duplicates(rows, 0.9);
  EXPECT_LT(near.searched, rows.size());
  EXPECT_GT(near.searched, 1000u);
  for (const NearMatch& match : near.matches) EXPECT_LT(match.row, near.searched);
}

TEST(NearDuplicates, Words) {
  EXPECT_EQ(words_of("* { I ; NOUN ; je.png }  \n<bot>: I am behind!\n"),
            (Words{"i", "noun", "je", "png", "bot", "i", "am", "behind"}));
  EXPECT_EQ(words_of("Don't don\u2019t DONT 'quoted'"), (Words{"dont", "dont", "dont", "quoted"}));
  EXPECT_EQ(words_of("\u00c9t\u00e9 \u0416\u0423\u041a x2"), (Words{"\u00e9t\u00e9", "\u0436\u0443\u043a", "x2"}));
  EXPECT_EQ(words_of(" ... \n"), Words());
  EXPECT_TRUE(near_duplicates({{}, {}, {"a"}}, 0.9).matches.empty());
  EXPECT_TRUE(near_duplicates({}, 0.9).matches.empty());
}

}  // namespace
}  // namespace aacft::testing
