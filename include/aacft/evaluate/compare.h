// Several systems' answers to the same prompts, scored against the same references, and how sure the differences are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "aacft/evaluate/metrics.h"

namespace aacft {

// What is counted of one answer; the sums over rows are what a system is scored from.
struct AnswerCounts {
  std::int64_t rows = 0, exact = 0, loose = 0;
  ChrfCounts chrf;
  BleuCounts bleu;
  std::int64_t icons = 0, icons_used = 0;          // of the prompt; that the answer uses
  std::int64_t rows_with_icons = 0, complete = 0;  // complete: the answer uses all of its icons
  double nll = 0;                                  // of the reference, by a model; summed over `tokens`
  std::int64_t tokens = 0;

  AnswerCounts& operator+=(const AnswerCounts& other);
};

// Of the texts: rows, exact, loose, chrf, bleu.
AnswerCounts count_answer(std::string_view answer, std::string_view reference);

enum class Metric { kChrf, kBleu, kExact, kLoose, kIconsUsed, kComplete, kLengthRatio, kPerplexity };

struct MetricInfo {
  Metric metric;
  std::string_view key;    // in JSON
  std::string_view title;  // for people
  std::string_view meaning;
  int decimals;
  int better;  // 1: more is better, -1: less is, 0: neither
};
const std::vector<MetricInfo>& metric_infos();  // in the order of Metric

// Percent, or a ratio, or a perplexity; nothing where nothing was counted for it.
std::optional<double> value_of(Metric metric, const AnswerCounts& sums);

struct Interval {
  double low = 0, high = 0;
};

struct Score {
  Metric metric;
  double value = 0;
  std::optional<Interval> interval;
  std::optional<double> difference;  // to the first system that has the metric; not of that one itself
  std::optional<Interval> difference_interval;

  // The difference's interval lies on one side of 0.
  bool differs() const {
    return difference_interval && (difference_interval->low > 0 || difference_interval->high < 0);
  }
};

struct BootstrapOptions {
  std::int64_t samples = 1000;  // resamplings of the rows; 0: no intervals
  std::uint64_t seed = 42;
};

// counts[system][row]; all systems have the same rows. For each system the metrics that it has, in the order of Metric.
// Intervals hold 95 % of the resamplings (percentile bootstrap; Efron 1979). Every resampling takes the same rows of
// all systems, so differences are paired (Koehn, "Statistical Significance Tests for Machine Translation Evaluation",
// 2004).
std::vector<std::vector<Score>> scores_of(const std::vector<std::vector<AnswerCounts>>& counts,
                                          const BootstrapOptions& options);

}  // namespace aacft
