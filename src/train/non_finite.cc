#include "train/non_finite.h"

#include <cmath>
#include <sstream>
#include <vector>

#include "aacft/base/text.h"

namespace aacft {

Diagnosis diagnose(const StepResult& result, TrainedModel& trained, const StepData& share, std::int64_t step,
                   const TrainOptions& options, const PassPlan& plan, int workers) {
  const std::vector<std::string> tensors = trained.optimizer().non_finite_gradients();
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < share.samples.size(); ++i) {
    trained.optimizer().zero_gradients();
    double loss = 0;
    const StepData alone{{share.samples[i]}, {share.weights[i]}};
    trained.add_gradients(training_pass(alone, false, options.seed, step), plan.kept_layers, loss);
    if (!std::isfinite(loss) || !trained.optimizer().non_finite_gradients().empty())
      lines.push_back(std::to_string(alone.samples[0]->line));
  }
  std::ostringstream text;
  text << "step " << step + 1 << ": loss " << result.loss << ", gradient norm " << result.grad_norm;
  if (lines.empty()) {
    text << "; no row" << (workers > 1 ? " of this worker" : "") << " alone makes them so";
  } else {
    text << "; made so by line " << listed(lines, 16) << " of " << options.data.string();
  }
  if (!tensors.empty()) text << ", in the gradient of " << listed(tensors, 4);
  return {text.str(), lines.size() > 1 && lines.size() == share.samples.size()};
}

}  // namespace aacft
