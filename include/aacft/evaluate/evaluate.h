// How well a model predicts the rows of a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/data/rows.h"
#include "aacft/model/model_options.h"

namespace aacft {

struct EvaluateOptions {
  std::filesystem::path model, adapter, data;  // no adapter: the model alone
  DataOptions rows;                            // mask_prompt: only completions count
  ModelOptions model_options;
  int threads = 0;                             // 0: all cores
};

struct RowLoss {
  std::size_t line = 0;     // in the file, from 1
  std::int64_t tokens = 0;  // that count
  double loss = 0;          // mean over them
  std::vector<std::int32_t> ids;
  std::vector<float> nll;   // nll[t]: -log p(ids[t + 1]); 0 where that does not count
};

struct EvaluateReport {
  std::int64_t tokens = 0;             // that count
  double loss = 0, perplexity = 0;     // mean over them, and its exponential
  std::vector<RowLoss> rows;           // in file order
};

EvaluateReport evaluate(const EvaluateOptions& options, const Warn& warn);

}  // namespace aacft
