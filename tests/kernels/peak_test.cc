#include "aacft/kernels/peak.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace aacft
