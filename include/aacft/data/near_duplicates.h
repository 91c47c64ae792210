// Rows that say nearly the same thing in nearly the same words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

// The words of valid UTF-8 in lower case and in order: runs of letters and digits. Apostrophes inside a word are left
// out, so that "don't", "Don’t" and "dont" are one word.
std::vector<std::string> words_of(std::string_view text);

struct NearMatch {
  std::size_t row = 0, earlier = 0;  // earlier < row
  double similarity = 0;             // in [threshold, 1]
};

struct NearDuplicates {
  std::vector<NearMatch> matches;  // in the order of the rows
  std::size_t searched = 0;        // rows, from the first; fewer than all where the work limit ended the search
};

// For each row that is like an earlier one: the first one that it is like. Rows are bags of words; their similarity is
// Jaccard's, |A and B| / |A or B|, where a word that occurs n times counts n times. Rows without words are like none.
// Exact, not sampled: two rows so alike share one of their few rarest words (prefix filtering: Chaudhuri, Ganti and
// Kaushik, "A primitive operator for similarity joins in data cleaning", ICDE 2006), and only such rows are compared.
// The work is limited to a constant for each row. `threshold` is in (0, 1].
NearDuplicates near_duplicates(const std::vector<std::vector<std::string>>& rows, double threshold);

}  // namespace aacft
