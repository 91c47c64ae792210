// The page about a training run, and the answers that it shows: while the run goes on, and afterwards.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/train/report.h"
#include "aacft/train/trainer.h"

namespace aacft {

// What the run that `options` are those of has left in its folder. `changed`: its options that are not as usual, to be
// shown; `running`: it is being trained now.
RunReport describe_run(const TrainOptions& options, const std::vector<RunReport::Option>& changed, bool running);

// Lets the models of a finished run answer `count` prompts, without and with what it learned, and keeps the answers in
// its folder. False where a stop was requested: then nothing is kept.
bool answer_prompts(const TrainOptions& options, std::size_t count, const std::function<bool()>& stop_requested,
                    const Warn& warn);

struct LiveReportOptions {
  std::filesystem::path page;
  std::size_t prompts = 0;                 // to answer before and after training
  std::vector<RunReport::Option> changed;  // as for describe_run()
};

// train(), with a page that is written while the run goes on and when it has ended, however it did. Nothing that goes
// wrong with the page ends the run: it is warned of, once.
RunResult train_with_report(const TrainOptions& options, const TrainEvents& events, const LiveReportOptions& report);

}  // namespace aacft
