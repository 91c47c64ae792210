// The loss on samples that are held out, and whether it still falls.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "aacft/data/samples.h"
#include "aacft/train/run_folder.h"
#include "aacft/train/trainer.h"
#include "aacft/train/workers.h"
#include "train/trained_model.h"

namespace aacft {

// Called by all workers, who share the samples: the mean loss over their targets, in passes of at most max_tokens
// tokens.
double evaluation_loss(TrainedModel& trained, const std::vector<Sample>& samples, std::int64_t max_tokens,
                       Workers& workers);

// Notes an evaluation in the run's state. One with the lowest loss so far is the best, if keep_weights() agrees: a best
// that is not on the disk is none.
EvalReport note_evaluation(RunState& state, double loss, const std::function<bool()>& keep_weights);

}  // namespace aacft
