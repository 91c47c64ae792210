// Why the loss or the gradients of a step are not finite.
#pragma once

#include <cstdint>
#include <string>

#include "train/step.h"

namespace aacft {

struct Diagnosis {
  std::string text;  // "step 7: loss nan, gradient norm nan; made so by line 3 of rows.jsonl, in the gradient of ..."
  bool diverged = false;  // every sample alone makes them so: the weights are what has gone wrong
};

// Of a step that has just been taken, by number `step` from 0: tries each sample alone. The gradients are lost.
Diagnosis diagnose(const StepResult& result, TrainedModel& trained, const StepData& share, std::int64_t step,
                   const TrainOptions& options, const PassPlan& plan, int workers);

}  // namespace aacft
