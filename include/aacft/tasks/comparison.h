// Several systems side by side: their answers to the same prompts, scored against the references.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/boards/lexicon.h"
#include "aacft/data/rows.h"
#include "aacft/evaluate/compare.h"
#include "aacft/generate/options.h"
#include "aacft/model/model_options.h"
#include "aacft/tasks/candidates.h"

namespace aacft {

struct ComparisonOptions {
  std::filesystem::path data;     // with references; empty: only `general` is measured
  std::filesystem::path general;  // text or rows that show what else the model can do; may be empty
  std::filesystem::path model;
  std::filesystem::path lexicon;       // empty: the one that comes with the program
  std::vector<std::string> adapters;   // folders
  std::vector<std::string> baselines;  // "rules", "base"
  std::vector<std::string> systems;    // NAME=FILE or FILE: answers, a row for each of data's
  DataOptions rows;
  ModelOptions model_options;
  // More than one, or all icons: each model is a second system, too, which answers with the best of its candidates.
  CandidateOptions candidates;
  GenerateOptions generation;  // its stop texts are chosen by the references: answers end at a line break if those do
  BootstrapOptions bootstrap;
};

struct ComparedRow {
  std::size_t line = 0;  // in the file, from 1
  std::string prompt, reference;
  std::vector<Icon> icons;  // of the prompt; none where it has no icons
};

struct GeneralLoss {
  double perplexity = 0;
  std::int64_t tokens = 0;
};

struct ComparedSystem {
  std::string name, source;                   // source: "rules", "base", or a path
  std::vector<std::string> answers;           // one a row
  std::vector<std::size_t> rule_drafts;       // rows that the rules answer, since no candidate says all icons
  std::vector<std::vector<bool>> icons_used;  // by row and icon
  std::vector<AnswerCounts> counts;
  std::vector<Score> scores;
  std::optional<GeneralLoss> general;

  const Score* score(Metric metric) const;  // nullptr where it has none
};

struct Comparison {
  std::filesystem::path data, general;
  std::int64_t bootstrap_samples = 0;
  std::optional<Lexicon> lexicon;  // not where no row has icons, or none is found and none is needed
  std::vector<ComparedRow> rows;
  std::vector<ComparedSystem> systems;
  std::optional<GeneralLoss> general_before;  // the model alone
};

struct ComparisonEvents {
  Warn warn;
  // A model has answered so many of the prompts, and begins to where `answered` is 0.
  std::function<void(const std::string& system, std::size_t answered, std::size_t prompts)> progress;
  std::function<bool()> stop_requested;  // asked after every token of an answer
};

// The baselines, then the adapters, then the files; the model alone where nothing else answers. Error for whatever is
// wrong with a file, UsageError for options that do not fit together. Nothing where a stop was requested.
std::optional<Comparison> compare_systems(const ComparisonOptions& options, const ComparisonEvents& events);

// Against general_before; in percent.
double general_change(const Comparison& comparison, const ComparedSystem& system);

// One self-contained page: scores, and the sentences next to each other.
std::string comparison_page(const Comparison& comparison);

}  // namespace aacft
