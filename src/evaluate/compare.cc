#include "aacft/evaluate/compare.h"

#include <algorithm>
#include <cmath>

#include "aacft/base/random.h"

namespace aacft {
namespace {

constexpr double kOutside = 0.025;  // on either side of an interval

std::optional<double> percent(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return 100 * static_cast<double>(part) / static_cast<double>(whole);
}

// Between which values all but the outer ones lie; linear between neighbours.
std::optional<Interval> interval_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double q) {
    const double at = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return Interval{quantile(kOutside), quantile(1 - kOutside)};
}

AnswerCounts sum_of(const std::vector<AnswerCounts>& rows) {
  AnswerCounts sums;
  for (const AnswerCounts& row : rows) sums += row;
  return sums;
}

using Values = std::vector<std::optional<double>>;  // by metric

Values values_of(const AnswerCounts& sums) {
  Values values;
  for (const MetricInfo& info : metric_infos()) values.push_back(value_of(info.metric, sums));
  return values;
}

// By metric, the first of the systems that has it.
std::vector<std::size_t> first_with(const std::vector<Values>& values) {
  std::vector<std::size_t> first(metric_infos().size());
  for (std::size_t m = 0; m < first.size(); ++m)
    while (first[m] + 1 < values.size() && !values[first[m]][m]) ++first[m];
  return first;
}

// values[system][metric]: those of every resampling that has them; differences to the first system likewise.
struct Resampled {
  std::vector<std::vector<std::vector<double>>> values, differences;
};

Resampled resample(const std::vector<std::vector<AnswerCounts>>& counts, const std::vector<std::size_t>& first,
                   const BootstrapOptions& options) {
  const std::size_t metrics = metric_infos().size(), rows = counts.front().size();
  const std::vector<std::vector<double>> none(metrics);
  Resampled result{{counts.size(), none}, {counts.size(), none}};
  for (std::int64_t sample = 0; rows > 0 && sample < options.samples; ++sample) {
    const RandomStream draws(options.seed, Purpose::kBootstrap, static_cast<std::uint64_t>(sample));
    std::vector<AnswerCounts> sums(counts.size());
    for (std::size_t i = 0; i < rows; ++i) {
      const auto row = static_cast<std::size_t>(draws.uniform_double(i) * static_cast<double>(rows));
      for (std::size_t system = 0; system < counts.size(); ++system) sums[system] += counts[system][row];
    }
    std::vector<Values> values;
    for (const AnswerCounts& sum : sums) values.push_back(values_of(sum));
    for (std::size_t system = 0; system < counts.size(); ++system)
      for (std::size_t m = 0; m < metrics; ++m) {
        if (!values[system][m]) continue;
        result.values[system][m].push_back(*values[system][m]);
        if (values[first[m]][m]) result.differences[system][m].push_back(*values[system][m] - *values[first[m]][m]);
      }
  }
  return result;
}

}  // namespace

AnswerCounts& AnswerCounts::operator+=(const AnswerCounts& other) {
  rows += other.rows, exact += other.exact, loose += other.loose;
  chrf += other.chrf, bleu += other.bleu;
  icons += other.icons, icons_used += other.icons_used, rows_with_icons += other.rows_with_icons,
      complete += other.complete;
  nll += other.nll, tokens += other.tokens;
  return *this;
}

AnswerCounts count_answer(std::string_view answer, std::string_view reference) {
  AnswerCounts counts;
  counts.rows = 1;
  counts.exact = exact_match(answer, reference);
  counts.loose = loose_match(answer, reference);
  counts.chrf = chrf_counts(answer, reference);
  counts.bleu = bleu_counts(answer, reference);
  return counts;
}

const std::vector<MetricInfo>& metric_infos() {
  static const std::vector<MetricInfo> kInfos = {
      {Metric::kChrf, "chrf", "chrF", "characters shared with the reference (chrF2, 0 to 100)", 1, 1},
      {Metric::kBleu, "bleu", "BLEU", "words and phrases shared with the reference (0 to 100)", 1, 1},
      {Metric::kExact, "exact", "exact %", "sentences that are the reference, to the letter", 1, 1},
      {Metric::kLoose, "loose", "same words %", "the same but for case and punctuation", 1, 1},
      {Metric::kIconsUsed, "icons_used", "icons used %", "icons that the sentences say in some form", 1, 1},
      {Metric::kComplete, "complete", "all icons %", "sentences that leave no icon out", 1, 1},
      {Metric::kLengthRatio, "length_ratio", "length ratio", "words of the answers to words of the references", 2, 0},
      {Metric::kPerplexity, "perplexity", "perplexity", "how surprised the model is by the references", 2, -1},
  };
  return kInfos;
}

std::optional<double> value_of(Metric metric, const AnswerCounts& sums) {
  switch (metric) {
    case Metric::kChrf: return sums.rows > 0 ? std::optional(chrf(sums.chrf)) : std::nullopt;
    case Metric::kBleu: return sums.rows > 0 ? std::optional(bleu(sums.bleu)) : std::nullopt;
    case Metric::kExact: return percent(sums.exact, sums.rows);
    case Metric::kLoose: return percent(sums.loose, sums.rows);
    case Metric::kIconsUsed: return percent(sums.icons_used, sums.icons);
    case Metric::kComplete: return percent(sums.complete, sums.rows_with_icons);
    case Metric::kLengthRatio:
      return sums.bleu.reference_length > 0 ? std::optional(length_ratio(sums.bleu)) : std::nullopt;
    case Metric::kPerplexity:
      return sums.tokens > 0 ? std::optional(std::exp(sums.nll / static_cast<double>(sums.tokens))) : std::nullopt;
  }
  return std::nullopt;
}

std::vector<std::vector<Score>> scores_of(const std::vector<std::vector<AnswerCounts>>& counts,
                                          const BootstrapOptions& options) {
  std::vector<std::vector<Score>> scores(counts.size());
  if (counts.empty()) return scores;
  std::vector<Values> values;
  for (const auto& rows : counts) values.push_back(values_of(sum_of(rows)));
  const std::vector<std::size_t> first = first_with(values);
  Resampled resampled = resample(counts, first, options);
  for (std::size_t system = 0; system < counts.size(); ++system)
    for (std::size_t m = 0; m < metric_infos().size(); ++m) {
      if (!values[system][m]) continue;
      Score score{
          metric_infos()[m].metric, *values[system][m], interval_of(std::move(resampled.values[system][m])), {}, {}};
      if (system != first[m]) {
        score.difference = *values[system][m] - *values[first[m]][m];
        score.difference_interval = interval_of(std::move(resampled.differences[system][m]));
      }
      scores[system].push_back(score);
    }
  return scores;
}

}  // namespace aacft
