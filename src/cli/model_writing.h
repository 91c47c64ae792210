// Progress and signals of the commands that write a model: merge and export.
#pragma once

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "aacft/export/events.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace aacft::cli {

// `doing`: "merging". From now on a signal ends the command at the next tensor, until the output is whole.
inline WriteEvents write_events(const std::string& doing) {
  const bool live = ::isatty(STDERR_FILENO) == 1;
  WriteEvents events;
  events.warning = warn;
  catch_stop_signals();
  events.progress = [live, doing](std::size_t done, std::size_t total, const std::string& tensor) {
    if (stop_requested()) end_stopped();  // what was written goes away on the way out
    if (live) std::cerr << fmt::format("\r{} {}/{} {}\033[K", doing, done + 1, total, tensor) << std::flush;
  };
  events.written = [live] {
    if (live) std::cerr << "\r\033[K";
    if (stop_requested()) end_stopped();
    release_stop_signals();
  };
  return events;
}

inline nlohmann::json number_or_null(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

}  // namespace aacft::cli
