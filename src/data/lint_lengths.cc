
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "aacft/base/threads.h"
#include "aacft/base/utf8.h"
#include "linting.h"

namespace aacft {
namespace {

std::int64_t words(std::string_view text) {
  std::int64_t count = 0;
  for (bool inside = false; const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    count += inside == false && !space;
    inside = !space;
  }
  return count;
}

void measure(const Linting& l, LintRow& row) {
  if (l.options.tokenizer == nullptr) {
    row.answer_tokens = words(row.answer_text());
    row.tokens = row.chat ? words(row.text) : words(row.prompt()) + row.answer_tokens;
    return;
  }
  std::vector<std::int32_t> ids;
  for (const Token& token : l.options.tokenizer->encode_with_offsets(row.text)) {
    ids.push_back(token.id);
    if (token.end > row.answer && token.begin < row.answer_end) ++row.answer_tokens;
  }
  row.tokens = static_cast<std::int64_t>(ids.size());
  row.around = static_cast<std::int64_t>(with_beginning(*l.options.tokenizer, std::move(ids)).size()) - row.tokens;
  if (l.options.append_eos && !row.chat) ++row.around;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

void measure(Linting& l) {
  constexpr std::size_t kBlock = 256;  // rows a task
  parallel_for((l.rows.size() + kBlock - 1) / kBlock, [&](std::size_t block) {
    for (std::size_t i = block * kBlock; i < std::min(l.rows.size(), (block + 1) * kBlock); ++i) measure(l, l.rows[i]);
  });
  for (std::size_t file = 0; file < l.report.files.size(); ++file) {
    std::array<std::vector<std::int64_t>, 4> lengths;
    for (const LintRow& row : l.rows) {
      if (row.place.file != file) continue;
      lengths[0].push_back(row.tokens);
      lengths[2].push_back(count_code_points(row.text));
      if (!row.has_answer) continue;
      lengths[1].push_back(row.answer_tokens);
      lengths[3].push_back(count_code_points(row.answer_text()));
    }
    LintedFile& linted = l.report.files[file];
    linted.row = lengths_of(lengths[0]);
    linted.answer = lengths_of(lengths[1]);
    linted.row_characters = lengths_of(lengths[2]);
    linted.answer_characters = lengths_of(lengths[3]);
  }
  if (l.options.context <= 0 || l.options.tokenizer == nullptr) return;
  for (const LintRow& row : l.rows) {
    const std::int64_t tokens = row.tokens + row.around;
    if (tokens > l.options.context)
      l.add("too-long", row.place, std::to_string(tokens) + " tokens, more than " + std::to_string(l.options.context));
  }
}

// Robust: the median of the logarithms, and the median deviation from it. Odd is what lies more than 5 deviations
// away and differs by more than a factor of 4.
void check_lengths(Linting& l) {
  const auto check = [&](const char* what, auto&& length) {
    std::vector<double> logs;
    for (const LintRow& row : l.rows)
      if (const auto n = length(row); n > 0) logs.push_back(std::log(static_cast<double>(n)));
    if (logs.size() < 10) return;
    const double middle = median(logs);
    std::vector<double> deviations;
    for (const double log : logs) deviations.push_back(std::abs(log - middle));
    const double limit = std::max(5 * 1.4826 * median(deviations), std::log(4.0));
    for (const LintRow& row : l.rows) {
      const auto n = length(row);
      if (n > 0 && std::abs(std::log(static_cast<double>(n)) - middle) > limit)
        l.add("odd-length", row.place,
              std::string(what) + " has " + std::to_string(n) + " characters; half of all have " +
                  std::to_string(std::llround(std::exp(middle))) +
                  (std::log(static_cast<double>(n)) > middle ? " or fewer" : " or more"));
    }
  };
  check("the prompt", [](const LintRow& row) { return count_code_points(row.own_prompt()); });
  check("the answer", [](const LintRow& row) { return row.is_answered() ? count_code_points(row.answer_text()) : 0; });
}

Lengths lengths_of(std::vector<std::int64_t> lengths) {
  Lengths result;
  if (lengths.empty()) return result;
  std::sort(lengths.begin(), lengths.end());
  const std::size_t n = lengths.size();
  result.count = static_cast<std::int64_t>(n);
  for (const std::int64_t length : lengths) result.total += length;
  result.min = lengths.front(), result.max = lengths.back();
  result.mean = static_cast<double>(result.total) / static_cast<double>(n);
  result.median = static_cast<double>(lengths[(n - 1) / 2] + lengths[n / 2]) / 2;
  result.p95 = lengths[(95 * n + 99) / 100 - 1];
  // Bins of 1, 2, 5, 10, 20, ... so that 12 are enough.
  std::int64_t width = 1;
  for (const int next[] = {2, 5, 10}; result.max / width - result.min / width >= 12;) {
    std::int64_t power = 1;
    while (power * 10 <= width) power *= 10;
    for (const int factor : next)
      if (power * factor > width) {
        width = power * factor;
        break;
      }
  }
  result.bin_width = width;
  result.bin_from = result.min / width * width;
  result.bins.resize(static_cast<std::size_t>(result.max / width - result.min / width + 1));
  for (const std::int64_t length : lengths) ++result.bins[static_cast<std::size_t>((length - result.bin_from) / width)];
  return result;
}

}  // namespace aacft
