// Talking to a person: at a terminal, with lines that can be edited, or through pipes.
#pragma once

#include <filesystem>
#include <memory>

#include "aacft/chat/console.h"

namespace aacft::cli {

// A terminal where standard input is one: Ctrl-C there stops an answer, empties a line that was begun, and ends at an
// empty one, as Ctrl-D does; SIGTERM and SIGHUP end, too, and stop_requested() says so. Lines typed before can be had
// again; they are kept in `history`, readable by its owner alone, where that is not empty. Else no line is asked for,
// and signals do what they always do.
std::unique_ptr<Console> open_console(const std::filesystem::path& history);

}  // namespace aacft::cli
