#include "aacft/evaluate/metrics.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "aacft/base/utf8.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

// What Python's str.split() cuts at, which sacrebleu uses: Unicode's white space and four control characters.
bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::u32string code_points(std::string_view text) {
  std::u32string points;
  for (std::size_t at = 0; at < text.size();) points += next_code_point(text, at);
  return points;
}

std::u32string without_space(std::string_view text) {
  std::u32string points = code_points(text);
  std::erase_if(points, is_space);
  return points;
}

// Where the last character ends that is no white space.
std::size_t text_end(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();)
    if (!is_space(next_code_point(text, at))) end = at;
  return end;
}

std::string_view stripped(std::string_view text) {
  text = text.substr(0, text_end(text));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    if (!is_space(next_code_point(text, at))) return text.substr(start);
  }
  return text;
}

// Case folded, without punctuation, one space between words.
std::u32string folded(std::string_view text) {
  std::u32string result;
  bool space = false;
  for (const char32_t c : code_points(text)) {
    if (is_space(c)) {
      space = true;
      continue;
    }
    if (is_punctuation(c)) continue;
    if (space && !result.empty()) result += U' ';
    space = false;
    result += lower_case(c);
  }
  return result;
}

// Every stretch of n neighbours, sorted.
template <typename T>
std::vector<std::span<const T>> sorted_ngrams(std::span<const T> items, std::size_t n) {
  std::vector<std::span<const T>> ngrams;
  for (std::size_t i = 0; i + n <= items.size(); ++i) ngrams.push_back(items.subspan(i, n));
  std::sort(ngrams.begin(), ngrams.end(),
            [](auto a, auto b) { return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end()); });
  return ngrams;
}

// How many n-grams two texts share, each as often as both have it.
template <typename T>
std::int64_t common_ngrams(std::span<const T> one, std::span<const T> other, std::size_t n) {
  const auto a = sorted_ngrams(one, n), b = sorted_ngrams(other, n);
  std::int64_t common = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const auto order = std::lexicographical_compare_three_way(a[i].begin(), a[i].end(), b[j].begin(), b[j].end());
    common += order == 0;
    i += order <= 0;
    j += order >= 0;
  }
  return common;
}

std::int64_t ngram_count(std::size_t length, std::size_t n) {
  return length < n ? 0 : static_cast<std::int64_t>(length - n + 1);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::string result;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(from, at)) != text.npos; at = found + from.size())
    result.append(text, at, found - at).append(to);
  text = result.append(text, at);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ASCII punctuation but ' , - and .
bool stands_alone(char c) {
  return (c >= '!' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') ||
         (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// Two neighbours of these kinds become what `spaced` makes of them. Pairs do not overlap: the first from the left
// counts.
template <typename First, typename Second, typename Spaced>
std::string space_pairs(const std::string& text, First first, Second second, Spaced spaced) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && first(text[i]) && second(text[i + 1])) {
      result += spaced(text[i], text[i + 1]);
      ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

ChrfCounts& ChrfCounts::operator+=(const ChrfCounts& other) {
  for (std::size_t n = 0; n < orders.size(); ++n) {
    orders[n].answer += other.orders[n].answer;
    orders[n].reference += other.orders[n].reference;
    orders[n].common += other.orders[n].common;
  }
  return *this;
}

ChrfCounts chrf_counts(std::string_view answer, std::string_view reference) {
  const std::u32string a = without_space(answer), r = without_space(reference);
  ChrfCounts counts;
  for (std::size_t n = 1; n <= counts.orders.size(); ++n) {
    ChrfCounts::Order& order = counts.orders[n - 1];
    order.reference = ngram_count(r.size(), n);
    // n-grams that the reference is too short for are no mistakes.
    order.answer = order.reference > 0 ? ngram_count(a.size(), n) : 0;
    order.common = common_ngrams<char32_t>(a, r, n);
  }
  return counts;
}

double chrf(const ChrfCounts& counts) {
  constexpr double kBeta2 = 4;
  double precision = 0, recall = 0;
  int orders = 0;
  for (const ChrfCounts::Order& order : counts.orders) {
    if (order.answer == 0 || order.reference == 0) continue;
    precision += static_cast<double>(order.common) / static_cast<double>(order.answer);
    recall += static_cast<double>(order.common) / static_cast<double>(order.reference);
    ++orders;
  }
  if (precision + recall == 0) return 0;
  precision /= orders, recall /= orders;
  return 100 * (1 + kBeta2) * precision * recall / (kBeta2 * precision + recall);
}

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  for (std::size_t n = 0; n < total.size(); ++n) common[n] += other.common[n], total[n] += other.total[n];
  answer_length += other.answer_length, reference_length += other.reference_length;
  return *this;
}

BleuCounts bleu_counts(std::string_view answer, std::string_view reference) {
  const std::vector<std::string> a = tokens_13a(answer), r = tokens_13a(reference);
  BleuCounts counts;
  counts.answer_length = static_cast<std::int64_t>(a.size()),
  counts.reference_length = static_cast<std::int64_t>(r.size());
  for (std::size_t n = 1; n <= counts.total.size(); ++n) {
    counts.total[n - 1] = ngram_count(a.size(), n);
    counts.common[n - 1] = common_ngrams<std::string>(a, r, n);
  }
  return counts;
}

double bleu(const BleuCounts& counts) {
  if (std::all_of(counts.common.begin(), counts.common.end(), [](auto n) { return n == 0; })) return 0;
  double log_precision = 0, smoothing = 1;
  for (std::size_t n = 0; n < counts.total.size(); ++n) {
    if (counts.total[n] == 0) return 0;
    const double matches = counts.common[n] > 0 ? static_cast<double>(counts.common[n]) : 1 / (smoothing *= 2);
    log_precision += std::log(100 * matches / static_cast<double>(counts.total[n]));
  }
  const double ratio = static_cast<double>(counts.reference_length) / static_cast<double>(counts.answer_length);
  return std::exp(std::min(0.0, 1 - ratio) + log_precision / static_cast<double>(counts.total.size()));
}

double length_ratio(const BleuCounts& counts) {
  return counts.reference_length == 0
             ? 0
             : static_cast<double>(counts.answer_length) / static_cast<double>(counts.reference_length);
}

std::vector<std::string> tokens_13a(std::string_view text) {
  std::string line(text.substr(0, text_end(text)));
  replace_all(line, "<skipped>", "");
  replace_all(line, "-\n", "");
  replace_all(line, "\n", " ");
  replace_all(line, "&quot;", "\"");
  replace_all(line, "&amp;", "&");
  replace_all(line, "&lt;", "<");
  replace_all(line, "&gt;", ">");

  std::string spaced = " ";
  for (const char c : line) spaced += stands_alone(c) ? std::string{' ', c, ' '} : std::string(1, c);
  spaced += " ";
  // Bytes of characters past ASCII are no digits and no signs, so bytes serve as well as characters here.
  const auto not_digit = [](char c) { return !is_digit(c); };
  const auto stop = [](char c) { return c == '.' || c == ','; };
  spaced = space_pairs(spaced, not_digit, stop, [](char a, char b) { return std::string{a, ' ', b, ' '}; });
  spaced = space_pairs(spaced, stop, not_digit, [](char a, char b) { return std::string{' ', a, ' ', b}; });
  spaced = space_pairs(
      spaced, is_digit, [](char c) { return c == '-'; },
      [](char a, char b) {
        return std::string{a, ' ', b, ' '};
      });

  std::vector<std::string> tokens;
  std::string token;
  const auto end_token = [&] {
    if (!token.empty()) tokens.push_back(std::move(token));
    token.clear();
  };
  for (std::size_t at = 0; at < spaced.size();) {
    const std::size_t start = at;
    if (is_space(next_code_point(spaced, at))) {
      end_token();
    } else {
      token.append(spaced, start, at - start);
    }
  }
  end_token();
  return tokens;
}

bool exact_match(std::string_view answer, std::string_view reference) {
  return stripped(answer) == stripped(reference);
}

bool loose_match(std::string_view answer, std::string_view reference) { return folded(answer) == folded(reference); }

}  // namespace aacft
