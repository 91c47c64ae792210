// The leaf functions of the machine's peaks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aacft {

struct MultiplyAdds {
  double flops;                       // of a round
  float (*run)(std::int64_t rounds);  // from register to register; what it returns only keeps them from being left out
};

struct PeakTable {
  MultiplyAdds multiply_adds;
  float (*read)(const std::byte* p, std::size_t bytes);  // a multiple of kReadBytes
};

constexpr std::size_t kReadBytes = 512;

}  // namespace aacft
