#include "train/evaluation.h"

#include <cmath>
#include <span>

#include "aacft/train/run_data.h"
#include "aacft/train/step_data.h"

namespace aacft {

double evaluation_loss(TrainedModel& trained, const std::vector<Sample>& samples, std::int64_t max_tokens,
                       Workers& workers) {
  const StepData all{pointers_to(samples), std::vector<float>(samples.size(), 1.0f)};
  double loss = 0;
  for (const StepData& part : passes_of(share_of(all, workers.rank(), workers.size()), false, max_tokens))
    trained.add_loss(pass_of(part.samples, part.weights), loss);
  workers.sum(std::span(&loss, 1));
  return loss / static_cast<double>(all.targets());
}

EvalReport note_evaluation(RunState& state, double loss, const std::function<bool()>& keep_weights) {
  const bool better = std::isfinite(loss) && (!state.best_loss || loss < *state.best_loss);
  const EvalReport report{state.step, loss, better && keep_weights()};
  if (report.best) {
    state.best_loss = loss;
    state.best_step = state.step;
    state.evaluations_since_best = 0;
  } else if (!better) {
    ++state.evaluations_since_best;
  }
  return report;
}

}  // namespace aacft
