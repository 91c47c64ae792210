#include "aacft/kernels/peak.h"

#include <gtest/gtest.h>

#include <vector>

#include "../../src/kernels/vector/peak.h"

namespace aacft {
namespace {

// No law about how fast a machine is: only that every tier runs and counts.
TEST(Peak, EveryTierMultipliesAndAdds) {
  for (const Isa isa : available_isas())
    for (const Compute compute : {Compute::kFp32, Compute::kBf16}) {
      SCOPED_TRACE(isa_name(isa));
      EXPECT_GT(peak_flops(isa, compute, 0.002), 1e6);
    }
}

TEST(Peak, EveryTierReads) {
  const Isa before = isa();
  for (const Isa isa : available_isas()) {
    SCOPED_TRACE(isa_name(isa));
    set_isa(isa);
    EXPECT_GT(dram_read_bytes_per_second(1 << 20), 1e6);
    EXPECT_GT(dram_read_bytes_per_second(0), 0);  // a line for each thread
  }
  set_isa(before);
}

#ifdef AACFT_EMULATED
}  // namespace

namespace emulated_amx {
extern const MultiplyAdds peak_multiply_adds;
}

namespace {

// Ends the program where a tile is used that was not configured.
TEST(Peak, EmulatedTilesMultiplyAndAdd) {
  const std::vector<std::uint16_t> ones(kOperandBytes / 2, 0x3f80);
  const auto* operands = reinterpret_cast<const std::byte*>(ones.data());
  EXPECT_EQ(emulated_amx::peak_multiply_adds.run(3, operands), 3 * 32);
}
#endif

}  // namespace
}  // namespace aacft
