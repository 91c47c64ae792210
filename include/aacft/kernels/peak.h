// What this machine can do at best, measured: what everything else is compared with. All threads() work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "aacft/kernels/isa.h"
#include "aacft/kernels/matmul.h"

namespace aacft {

// FLOP/s of multiply-adds of random values that never leave the registers, with the instructions that products use on
// `isa` (which the machine must have): pairs of bf16 or tiles where there are any and compute is kBf16, else fp32. The
// best of three runs of so many seconds.
double peak_flops(Isa isa, Compute compute, double seconds = 0.3);

// Bytes/s of reading memory that no cache holds: `most` bytes, but no more than a quarter of what is free. The best of
// four runs. Error where the memory cannot be had.
double dram_read_bytes_per_second(std::uint64_t most = std::uint64_t{4} << 30);

// How long it takes to read these once, each of them shared out among the threads. Rates depend on where the system put
// the pages: on a machine of several memory nodes by a factor of two.
double seconds_to_read(const std::vector<std::span<const std::byte>>& regions);

}  // namespace aacft
