#include "aacft/kernels/peak.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "aacft/base/memory.h"
#include "aacft/base/system.h"
#include "aacft/base/threads.h"
#include "kernels/vector/peak.h"
#include "kernels/vector/table.h"

namespace aacft {

AACFT_DECLARE_TABLE(PeakTable, peak_table)
#ifdef AACFT_X86
namespace avx512bf16 {
extern const MultiplyAdds peak_multiply_adds;
}
namespace amx {
extern const MultiplyAdds peak_multiply_adds;
}
#endif

namespace {

const MultiplyAdds& multiply_adds(Isa isa, Compute compute) {
#ifdef AACFT_X86
  if (compute == Compute::kBf16 && isa == Isa::kAmx) return amx::peak_multiply_adds;
  if (compute == Compute::kBf16 && isa == Isa::kAvx512Bf16) return avx512bf16::peak_multiply_adds;
  if (isa >= Isa::kAvx512) return avx512::peak_table.multiply_adds;
  if (isa == Isa::kAvx2) return avx2::peak_table.multiply_adds;
#endif
  return portable::peak_table.multiply_adds;
}

std::vector<std::byte> random_operands() {
  std::mt19937 random;
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<std::byte> bytes(kOperandBytes);
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    const float x = uniform(random);
    std::memcpy(bytes.data() + at, reinterpret_cast<const std::byte*>(&x) + 2, 2);  // bf16, cut off
  }
  return bytes;
}

}  // namespace

double peak_flops(Isa isa, Compute compute, double seconds) {
  constexpr std::int64_t kRounds = 100'000;  // a fraction of a millisecond
  const std::vector<std::byte> operands = random_operands();
  const MultiplyAdds& work = multiply_adds(isa, compute);
  double best = 0;
  for (int run = 0; run < 3; ++run) {
    std::vector<double> rates(static_cast<std::size_t>(threads()));
    parallel_for(rates.size(), [&](std::size_t thread) {
      const double start = wall_seconds();
      double passed = 0, rounds = 0;
      while (passed < seconds) {
        work.run(kRounds, operands.data());
        rounds += kRounds;
        passed = wall_seconds() - start;
      }
      rates[thread] = rounds * work.flops / passed;
    });
    best = std::max(best, std::accumulate(rates.begin(), rates.end(), 0.0));
  }
  return best;
}

double seconds_to_read(const std::vector<std::span<const std::byte>>& regions) {
  const PeakTable& table = AACFT_CHOOSE(peak_table);
  const auto parts = static_cast<std::size_t>(threads());
  const double start = wall_seconds();
  for (const auto& region : regions)
    parallel_for(parts, [&](std::size_t i) {
      const std::size_t blocks = region.size() / kReadBytes, first = blocks * i / parts * kReadBytes;
      table.read(region.data() + first, blocks * (i + 1) / parts * kReadBytes - first);
    });
  return wall_seconds() - start;
}

double dram_read_bytes_per_second(std::uint64_t most) {
  const auto parts = static_cast<std::size_t>(threads());
  const std::size_t part =
      std::max<std::size_t>(std::min(most, available_memory_bytes() / 4) / parts / kReadBytes, 1) * kReadBytes;
  const Memory region(parts * part);
  parallel_for(parts, [&](std::size_t i) { std::memset(region.data() + i * part, 1, part); });
  double best = 0;
  for (int run = 0; run < 4; ++run)
    best = std::max(best, static_cast<double>(parts * part) / seconds_to_read({{region.data(), parts * part}}));
  return best;
}

}  // namespace aacft
