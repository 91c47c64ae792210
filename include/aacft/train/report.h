// A run as a page to look at: made of what its folder holds, at any time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aacft/train/run_records.h"

namespace aacft {

enum class RunStatus { kRunning, kInterrupted, kStoppedEarly, kFinished };

struct RunReport {
  std::string name;     // of the run
  std::string written;  // when
  RunStatus status = RunStatus::kRunning;
  std::int64_t total_steps = 0;                            // 0: not known
  std::vector<std::pair<std::string, std::string>> facts;  // that steps and info do not tell: "model", "data", ...
  std::optional<RunInfo> info;
  std::vector<StepRecord> steps;
  std::vector<TriedPrompt> tried;  // as they are to be shown
  struct Option {
    std::string name, value, usual;
  };
  std::vector<Option> options;                            // that are not as usual
  std::vector<std::pair<std::string, std::string>> next;  // "use it": a command line
};

// One HTML file that needs nothing else. While the run goes on it loads itself again every 30 seconds.
std::string report_page(const RunReport& report);

}  // namespace aacft
