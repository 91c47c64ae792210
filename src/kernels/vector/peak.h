// The leaf functions of the machine's peaks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aacft {

// Operands: so many bytes of random bf16 in (-1, 1); two of them make a float that is one in (-1, 1), too. Random,
// since a machine multiplies zeros, or always the same, quicker than what there is to multiply (AMX: by a quarter).
constexpr std::int64_t kOperandBytes = 4096;

struct MultiplyAdds {
  double flops;  // of a round
  // From register to register; what it returns only keeps them from being left out.
  float (*run)(std::int64_t rounds, const std::byte* operands);
};

struct PeakTable {
  MultiplyAdds multiply_adds;
  float (*read)(const std::byte* p, std::size_t bytes);  // a multiple of kReadBytes
};

constexpr std::size_t kReadBytes = 512;

}  // namespace aacft
