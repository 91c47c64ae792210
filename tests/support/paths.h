// Where tests find their inputs, and a folder of their own to write in.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#if !defined(AACFT_SOURCE_DIR)
#include "source_dir.h"
#endif

namespace aacft::testing {

inline std::filesystem::path source_dir() { return AACFT_SOURCE_DIR; }
inline std::filesystem::path goldens_dir() { return source_dir() / "tests/goldens"; }

// Originals that are not part of the repository: the talk's data and the real tokenizer. Tests that need them skip
// where the folder is missing.
inline std::filesystem::path shared_dir() {
  const char* chosen = ::getenv("AACFT_SHARED");
  return chosen != nullptr ? std::filesystem::path(chosen) : source_dir().parent_path() / "shared";
}

// A folder that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "aacft-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace aacft::testing
