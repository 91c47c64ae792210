// What a run works on.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/data/samples.h"
#include "aacft/formats/tensor.h"
#include "aacft/model/config.h"
#include "aacft/tokenizer/tokenizer.h"
#include "aacft/train/options.h"

namespace aacft {

struct RunData {
  std::vector<Sample> samples, eval_samples;

  std::int64_t longest() const;  // tokens of the longest sample of either
};

// Reads --data and --eval-data, or holds samples out as --eval-split says. Error for a bad row or file.
RunData load_run_data(const TrainOptions& options, const ModelConfig& config, const Tokenizer& tokenizer,
                      const Warn& warn);

// All that can be known without loading weights.
struct RunInput {
  ModelConfig config;
  Dtype stored;                      // the weights' type in the file
  std::optional<WeightType> packed;  // where they are packed already, as what
  std::unique_ptr<Tokenizer> tokenizer;
  RunData data;
};
// How the model is held in memory: a packed one as it is.
inline ModelOptions model_options(const TrainOptions& options, const RunInput& input) {
  ModelOptions held = options.model_options;
  if (input.packed) held.base_weights = input.packed;
  return held;
}

RunInput read_run_input(const TrainOptions& options, const Warn& warn);

std::vector<const Sample*> pointers_to(const std::vector<Sample>& samples);

}  // namespace aacft
