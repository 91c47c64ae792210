// The main function of a fuzz target outside libFuzzer: runs it on files, and on all files of folders.
#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "aacft/base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** arguments) {
  std::size_t inputs = 0;
  const auto replay = [&](const std::filesystem::path& file) {
    const std::string input = aacft::read_file(file);
    std::fprintf(stderr, "%s\n", file.c_str());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    ++inputs;
  };
  for (int i = 1; i < count; ++i) {
    std::error_code none;
    if (!std::filesystem::is_directory(arguments[i], none)) {
      if (std::filesystem::exists(arguments[i])) replay(arguments[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) replay(entry.path());
  }
  std::printf("%zu inputs\n", inputs);
  return inputs > 0 ? 0 : 1;
}
