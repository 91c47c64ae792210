// The page about a training run, and the answers that it shows: while the run goes on, and afterwards.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/generate/generator.h"
#include "aacft/train/report.h"
#include "cli/train_options.h"

namespace aacft::cli {

// What generates: a session, or the model of a run.
using Generator = std::function<void(const std::vector<std::string>& prompts, const GenerateOptions& options,
                                     const GenerateEvents& events)>;

// The greedy answers to prompts; none where a signal cut them short.
std::vector<std::string> greedy_answers(const std::vector<TriedPrompt>& prompts, const Generator& generator);

// The prompts to answer, with references that end where an answer would.
std::vector<TriedPrompt> prompts_for_report(const TrainFlags& flags, const RunData& data);

// What the run that `flags` are the options of has left in its folder. `running`: it is being trained now.
RunReport describe_run(const TrainFlags& flags, bool running);

// The page of a run under way. Nothing that goes wrong here ends the run: it is warned of, once.
class LiveReport {
 public:
  LiveReport(const TrainFlags& flags, Warn warn) : flags_(flags), warn_(std::move(warn)) {}

  void answer_before(const Model& model, const AdapterModules& adapter,
                     const RunInput& input);  // kept for a run that is resumed
  void answer_after(const Model& model, const AdapterModules& adapter, const RunInput& input);
  void start();
  void step() { write_if_due(false); }
  void milestone() { write_if_due(true); }
  void end();

 private:
  void attempt(const std::function<void()>& what);
  void write(bool running);
  void write_if_due(bool milestone);

  const TrainFlags& flags_;
  Warn warn_;
  bool started_ = false, failed_ = false;
  double written_ = 0, took_ = 0;  // when, and for how long, in seconds
};

}  // namespace aacft::cli
