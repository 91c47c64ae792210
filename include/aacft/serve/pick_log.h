// What was chosen, kept for the next adapter: rows that `aacft train --data` takes, on this machine alone.
#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "aacft/boards/icon.h"

namespace aacft {

struct Pick {
  std::string id, time;  // given by add()
  std::string prompt;    // what the model was, or would have been, asked, up to "<bot>:"
  std::vector<Icon> icons;
  std::string voice, said, source;
  std::vector<std::string> offered;
};

// A line each: {"text": prompt and what was said, as rows have it; "id", "time", "voice", "source", "icons", "offered",
// "said"}. The file, which only its owner may read, is made with the first pick. Safe to use from several threads; one
// process at a time.
class PickLog {
 public:
  explicit PickLog(std::filesystem::path file) : file_(std::move(file)) {}

  // The id. Error where it cannot be written, and nothing of it is kept then.
  std::string add(Pick pick);
  std::vector<Pick> newest(std::size_t most) const;  // the newest first; without prompts
  std::size_t forget(const std::string& id);         // how many there were
  std::size_t forget_all();

  const std::filesystem::path& file() const { return file_; }

 private:
  const std::filesystem::path file_;
  mutable std::mutex mutex_;
};

}  // namespace aacft
