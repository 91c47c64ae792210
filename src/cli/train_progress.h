// What a training run shows: a live line on a terminal, plain lines elsewhere.
#pragma once

#include "aacft/train/trainer.h"

namespace aacft::cli {

class TrainProgress {
 public:
  // Away from a terminal, a line every `log_steps` steps.
  explicit TrainProgress(std::int64_t log_steps);
  ~TrainProgress();

  void start(const RunInfo& info);
  void step(const StepReport& report);
  void evaluation(const EvalReport& report);
  void saved(const std::filesystem::path& path, std::int64_t step);
  void note(const std::string& message) { line(message); }
  void warning(const std::string& message);
  void clear();  // takes the live line away

 private:
  void line(const std::string& text);  // a lasting line

  std::int64_t log_steps_;
  bool terminal_;
  std::string live_;
};

}  // namespace aacft::cli
