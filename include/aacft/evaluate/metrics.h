// How near sentences are to references: chrF, BLEU and exact match. Texts are UTF-8; one reference a sentence.
//
// chrF and BLEU are corpus measures: the counts of all sentences are added, and the score is computed from the sums, so
// any subset or resampling of the rows is scored from the counts alone. Scores are in percent, 0 to 100, and equal
// those of sacrebleu 2 with its defaults (Post, "A Call for Clarity in Reporting BLEU Scores", WMT 2018).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

// Character n-grams of order 1 to 6, white space removed (Popović, "chrF: character n-gram F-score", WMT 2015).
struct ChrfCounts {
  struct Order {
    std::int64_t answer = 0, reference = 0, common = 0;
    bool operator==(const Order&) const = default;
  };
  std::array<Order, 6> orders;

  ChrfCounts& operator+=(const ChrfCounts& other);
  bool operator==(const ChrfCounts&) const = default;
};
ChrfCounts chrf_counts(std::string_view answer, std::string_view reference);
// chrF2: recall counts twice as much as precision. Orders that either side has no n-grams of are left out.
double chrf(const ChrfCounts& counts);

// Word n-grams of order 1 to 4 of the tokens of tokens_13a (Papineni et al., "BLEU", ACL 2002).
struct BleuCounts {
  std::array<std::int64_t, 4> common{}, total{};         // total: of the answer
  std::int64_t answer_length = 0, reference_length = 0;  // tokens

  BleuCounts& operator+=(const BleuCounts& other);
  bool operator==(const BleuCounts&) const = default;
};
BleuCounts bleu_counts(std::string_view answer, std::string_view reference);
// With the brevity penalty; an order without a match counts as half a match, the next such as a quarter, and so on
// (exponential smoothing). 0 where the answers have no n-grams of some order: meant for a corpus, not for a sentence.
double bleu(const BleuCounts& counts);

// Tokens of the answers to those of the references; 0 without any of the latter.
double length_ratio(const BleuCounts& counts);

// The words and signs of a text as NIST's mteval-v13a cuts them.
std::vector<std::string> tokens_13a(std::string_view text);

// The same text but for white space at its ends.
bool exact_match(std::string_view answer, std::string_view reference);

// The same but for case, punctuation, and how much white space there is: "Let's go!" and "lets  go".
bool loose_match(std::string_view answer, std::string_view reference);

}  // namespace aacft
