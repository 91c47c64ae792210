// Which samples each step of a run takes, and the passes that they are cut into.
#pragma once

#include <cstdint>
#include <vector>

#include "aacft/data/samples.h"
#include "aacft/train/data_order.h"
#include "aacft/train/options.h"

namespace aacft {

// The samples of a step, or of a part of one.
struct StepData {
  std::vector<const Sample*> samples;
  std::vector<float> weights;  // of a sample's targets in the step's loss

  std::int64_t tokens() const;
  std::int64_t targets() const;  // tokens that count in the loss
};

// The steps of a run. Options and samples must outlive it.
class Steps {
 public:
  Steps(const TrainOptions& options, const std::vector<Sample>& samples);

  std::int64_t count() const;
  double epochs_after(std::int64_t steps) const;  // times through the samples
  StepData data(std::int64_t step) const;         // from 0
  // A number that two runs share whose steps take the same samples.
  std::uint64_t fingerprint() const;

 private:
  const TrainOptions& options_;
  const std::vector<Sample>& samples_;
  DataOrder order_;
  std::int64_t micro_batches_;  // of the whole run
};

// A worker's share: each sample goes, the longest first, to the worker with the fewest tokens so far.
StepData share_of(const StepData& data, int rank, int size);

// What each pass takes: neighbours of at most max_tokens tokens, or one longer sample. `shared`: samples that share a
// beginning come together, and it is computed, and counted, once.
std::vector<StepData> passes_of(StepData data, bool shared, std::int64_t max_tokens);
// The tokens that such a pass computes.
std::int64_t computed_tokens(const StepData& pass, bool shared);

}  // namespace aacft
