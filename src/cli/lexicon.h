// The table of words that a command works with.
#pragma once

#include <filesystem>

#include "aacft/base/system.h"
#include "aacft/boards/lexicon.h"
#include "cli/terminal.h"

namespace aacft::cli {

// The table given, or the one that comes with the program.
inline Lexicon lexicon_in(const std::filesystem::path& file) {
  return Lexicon::read(file.empty() ? data_file("icons.tsv") : file, warn);
}

}  // namespace aacft::cli
