// What a run will take, before anything is loaded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aacft/model/config.h"
#include "aacft/model/footprint.h"
#include "aacft/train/options.h"
#include "aacft/train/pass_plan.h"
#include "aacft/train/run_data.h"

namespace aacft {

struct RunForecast {
  ModelConfig config;
  std::size_t samples = 0;
  std::uint64_t tokens = 0;  // of all samples
  std::int64_t total_steps = 0;
  double tokens_a_step = 0;    // of its samples
  double computed_a_step = 0;  // shared beginnings counted once
  double passes_a_step = 0;
  std::int64_t largest_pass = 0;  // computed tokens
  PassPlan passes;
  Footprint footprint;
  std::uint64_t program = 0;      // the process without a model
  std::uint64_t embeddings = 0;   // the part of the file that stays in use
  std::uint64_t activations = 0;  // of the largest pass
  std::uint64_t disk = 0;         // checkpoints and result
  std::uint64_t budget = 0;       // for the whole process
  std::vector<std::string>
      remedies;  // where that is not enough, options with which it is: "--base-weights int8 (3.8 GB)"

  bool fits() const { return passes.fits && peak() <= budget; }
  std::uint64_t peak() const { return program + footprint.weights + footprint.trained + embeddings + activations; }
};

RunForecast forecast(const TrainOptions& options, const RunInput& input);

// "needs 6.4 GB, and 4 GB are available; with ... it would fit", for a forecast that does not fit.
std::string shortage(const RunForecast& forecast);

}  // namespace aacft
