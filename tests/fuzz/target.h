// What the fuzz targets share. Each target is one function, fuzz::run, from the bytes of a file to a reader and the
// properties of what it read. An aacft::Error is an answer; any other exception, a crash, a hang or an allocation that
// the size of the input does not explain is a finding.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/formats/tensor.h"

namespace aacft::fuzz {

namespace fs = std::filesystem;

void run(std::string_view input);

inline void require(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: this does not hold: %s\n", law);
  std::abort();
}

// A folder in memory that goes away with the process.
inline const fs::path& scratch() {
  struct Folder {
    fs::path path;
    Folder() {
      std::string pattern = "/dev/shm/aacft-fuzz-XXXXXX";
      if (::mkdtemp(pattern.data()) == nullptr) std::abort();
      path = pattern;
    }
    ~Folder() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  };
  static const Folder folder;
  return folder.path;
}

inline fs::path write(const std::string& name, std::string_view bytes) {
  const fs::path path = scratch() / name;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  ::close(fd);
  return path;
}

// Reads every byte, so that a view past its memory is noticed.
inline void require_sound(const std::vector<TensorView>& tensors, std::size_t most_bytes) {
  std::set<std::string_view> names;
  std::size_t bytes = 0;
  unsigned sum = 0;
  for (const TensorView& tensor : tensors) {
    require(names.insert(tensor.name).second, "names are unique");
    require(tensor.bytes.size() == dtype_bytes(tensor.dtype, tensor.numel()), "a tensor has the bytes of its shape");
    bytes += tensor.bytes.size();
    for (const std::byte byte : tensor.bytes) sum += static_cast<unsigned>(byte);
    first_non_finite(tensor);
  }
  require(sum != 1u << 31, "");  // else nobody would read
  require(bytes <= most_bytes, "tensors hold no more than the file explains");
}

}  // namespace aacft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aacft::fuzz;
  try {
    run({reinterpret_cast<const char*>(data), size});
  } catch (const aacft::Error& error) {
    const std::string_view message = error.what();
    require(!message.empty() && message.size() < 5000, "a message is short");
    for (const char c : message)
      require(static_cast<unsigned char>(c) >= 0x20 || c == '\n', "a message is fit for a terminal");
  }
  return 0;
}
