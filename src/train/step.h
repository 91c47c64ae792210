// One step of a run.
#pragma once

#include <cmath>
#include <cstdint>

#include "aacft/train/options.h"
#include "aacft/train/pass_plan.h"
#include "aacft/train/step_data.h"
#include "aacft/train/workers.h"
#include "train/trained_model.h"

namespace aacft {

struct StepResult {
  double loss = 0;
  double grad_norm = 0;  // before clipping
  std::int64_t passes = 0;
  double communication_seconds = 0;  // with other workers, waiting for them included

  bool finite() const { return std::isfinite(loss) && std::isfinite(grad_norm); }
};

// Called by all workers, each with its share of the data of step number `step` (from 0). Where loss or gradients are
// not finite, no weight is changed.
StepResult take_step(TrainedModel& trained, const StepData& share, std::int64_t step, double learning_rate,
                     const TrainOptions& options, const PassPlan& plan, Workers& workers);

// The pass over some samples of a step, with the dropout that they have in it.
SamplePass training_pass(const StepData& data, bool shared, std::uint64_t seed, std::int64_t step);

}  // namespace aacft
