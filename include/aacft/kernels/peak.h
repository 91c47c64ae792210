// What this machine can do at best, measured: what everything else is compared with. All threads() work.
#pragma once

#include <cstdint>

#include "aacft/kernels/isa.h"
#include "aacft/kernels/matmul.h"

namespace aacft {

// FLOP/s of multiply-adds that never leave the registers, with the instructions that products use on `isa` (which the
// machine must have): pairs of bf16 or tiles where there are any and compute is kBf16, else fp32. The best of three runs
// of so many seconds.
double peak_flops(Isa isa, Compute compute, double seconds = 0.3);

// Bytes/s of reading memory that no cache holds: `most` bytes, but no more than a quarter of what is free. The best of
// four runs. Error where the memory cannot be had.
double dram_read_bytes_per_second(std::uint64_t most = std::uint64_t{4} << 30);

}  // namespace aacft
