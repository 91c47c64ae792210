#include "train/step.h"

#include <span>

namespace aacft {

SamplePass training_pass(const StepData& data, bool shared, std::uint64_t seed, std::int64_t step) {
  SamplePass made = shared ? shared_pass_of(data.samples, data.weights) : pass_of(data.samples, data.weights);
  made.pass.set_dropout(seed, static_cast<std::uint64_t>(step));
  return made;
}

StepResult take_step(TrainedModel& trained, const StepData& share, std::int64_t step, double learning_rate,
                     const TrainOptions& options, const PassPlan& plan, Workers& workers) {
  StepResult result;
  const bool shared = shares_prefixes(options);
  trained.optimizer().zero_gradients();
  for (const StepData& part : passes_of(share, shared, plan.max_tokens)) {
    trained.add_gradients(training_pass(part, shared, options.seed, step), plan.kept_layers, result.loss);
    ++result.passes;
  }
  trained.model().join_tied_gradients();

  const double communicated = workers.seconds();
  workers.sum(std::span(&result.loss, 1));
  workers.sum(trained.optimizer().gradients());
  result.communication_seconds = workers.seconds() - communicated;

  result.grad_norm = trained.optimizer().clip(options.max_grad_norm);
  if (result.finite()) trained.update(learning_rate);
  return result;
}

}  // namespace aacft
