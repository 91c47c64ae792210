// How well a model predicts the rows of a file, or a text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/data/rows.h"
#include "aacft/model/model_options.h"

namespace aacft {

class LoadedModel;

struct EvaluateOptions {
  std::filesystem::path model, adapter, data;  // no adapter: the model alone
  DataOptions rows;                            // mask_prompt: only completions count
  ModelOptions model_options;
  int threads = 0;  // 0: all cores
};

struct RowLoss {
  std::size_t line = 0;     // in the file, from 1; 0 for a piece of plain text
  std::int64_t tokens = 0;  // that count
  double loss = 0;          // mean over them
  std::vector<std::int32_t> ids;
  std::vector<float> nll;  // nll[t]: -log p(ids[t + 1]); 0 where that does not count
};

struct EvaluateReport {
  std::int64_t tokens = 0;          // that count
  double loss = 0, perplexity = 0;  // mean over them, and its exponential
  std::vector<RowLoss> rows;        // in file order
};

// The rows of options.data.
EvaluateReport evaluate(const EvaluateOptions& options, const Warn& warn);

// The same of a loaded model with one of its adapters ("": alone).
EvaluateReport evaluate_rows(const LoadedModel& model, const std::string& adapter, const std::filesystem::path& data,
                             const DataOptions& options, const Warn& warn);

// A file that shows what else the model can do. JSON Lines: completions count where every row has one, else all of
// it. Plain text: all tokens but the first of each piece; a piece fills the context (or options.max_length).
EvaluateReport evaluate_general(const LoadedModel& model, const std::string& adapter, const std::filesystem::path& file,
                                const DataOptions& options, const Warn& warn);

}  // namespace aacft
