// Goldens are sacrebleu's answers: tests/interop/metrics.py wrote them.
#include "aacft/evaluate/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "aacft/base/random.h"
#include "aacft/formats/json.h"
#include "support/paths.h"

namespace aacft {
namespace {

using nlohmann::json;

using Pairs = std::vector<std::pair<std::string, std::string>>;

double corpus_chrf(const Pairs& pairs) {
  ChrfCounts counts;
  for (const auto& [answer, reference] : pairs) counts += chrf_counts(answer, reference);
  return chrf(counts);
}

BleuCounts corpus_bleu(const Pairs& pairs) {
  BleuCounts counts;
  for (const auto& [answer, reference] : pairs) counts += bleu_counts(answer, reference);
  return counts;
}

TEST(Metrics, EqualSacrebleu) {
  const json sets = read_json_object(testing::goldens_dir() / "metrics/sacrebleu.json").at("sets");
  ASSERT_GE(sets.size(), 20u);
  for (const auto& [name, set] : sets.items()) {
    SCOPED_TRACE(name);
    const Pairs pairs = set.at("pairs");
    EXPECT_NEAR(corpus_chrf(pairs), set.at("chrf").get<double>(), 1e-9);
    EXPECT_NEAR(bleu(corpus_bleu(pairs)), set.at("bleu").get<double>(), 1e-9);
    EXPECT_NEAR(length_ratio(corpus_bleu(pairs)), set.at("length_ratio").get<double>(), 1e-12);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      EXPECT_NEAR(corpus_chrf({pairs[i]}), set.at("sentence_chrf")[i].get<double>(), 1e-9) << pairs[i].first;
      EXPECT_EQ(tokens_13a(pairs[i].first), set.at("tokens")[i].get<std::vector<std::string>>()) << pairs[i].first;
    }
  }
}

// Common n-grams by counting each in both, character by character of ASCII.
ChrfCounts counted(const std::string& answer, const std::string& reference) {
  ChrfCounts counts;
  for (std::size_t n = 1; n <= 6; ++n) {
    std::map<std::string, std::int64_t> a, r;
    for (std::size_t i = 0; i + n <= answer.size(); ++i) ++a[answer.substr(i, n)];
    for (std::size_t i = 0; i + n <= reference.size(); ++i) ++r[reference.substr(i, n)];
    ChrfCounts::Order& order = counts.orders[n - 1];
    for (const auto& [ngram, count] : a)
      order.answer += r.empty() ? 0 : count, order.common += r.contains(ngram) ? std::min(count, r.at(ngram)) : 0;
    for (const auto& [ngram, count] : r) order.reference += count;
  }
  return counts;
}

TEST(Metrics, CountsEqualASlowReference) {
  const RandomStream draws(7, Purpose::kSampling);
  std::uint64_t at = 0;
  const auto text = [&] {
    std::string letters;
    for (std::uint32_t left = draws.bits(at++) % 30; left > 0; --left)
      letters += static_cast<char>('a' + draws.bits(at++) % 3);
    return letters;
  };
  for (int i = 0; i < 300; ++i) {
    const std::string answer = text(), reference = text();
    ASSERT_EQ(chrf_counts(answer, reference), counted(answer, reference)) << answer << " / " << reference;
  }
}

TEST(Metrics, AreHundredForTheSameTextAndZeroWithoutAnyMatch) {
  const std::string text = "I would love a cup of tea, please.";
  EXPECT_DOUBLE_EQ(corpus_chrf({{text, text}}), 100);
  EXPECT_NEAR(bleu(bleu_counts(text, text)), 100, 1e-12);
  EXPECT_DOUBLE_EQ(length_ratio(bleu_counts(text, text)), 1);
  EXPECT_EQ(corpus_chrf({{"xyz", text.substr(0, 6)}}), 0);
  EXPECT_EQ(bleu(bleu_counts("xyz", text)), 0);
  EXPECT_EQ(corpus_chrf({}), 0);
  EXPECT_EQ(bleu({}), 0);
  EXPECT_EQ(length_ratio({}), 0);
}

TEST(Metrics, ExactMatchForgivesOnlyTheEnds) {
  EXPECT_TRUE(exact_match(" I am happy \n", "I am happy"));
  EXPECT_TRUE(exact_match("\u00a0 ", ""));
  EXPECT_FALSE(exact_match("I am happy.", "I am happy"));
  EXPECT_FALSE(exact_match("I  am", "I am"));
}

TEST(Metrics, LooseMatchForgivesCasePunctuationAndSpace) {
  EXPECT_TRUE(loose_match("Let's go, NOW!", "lets  go\u00a0now"));
  EXPECT_TRUE(loose_match("«Ça va?» – É", "ça va é"));
  EXPECT_TRUE(loose_match("!?", ""));
  EXPECT_FALSE(loose_match("let us go now", "lets go now"));
  EXPECT_FALSE(loose_match("icecream", "ice cream"));
  EXPECT_FALSE(loose_match("I am 😀", "I am"));
}

}  // namespace
}  // namespace aacft
