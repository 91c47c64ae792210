#include "aacft/kernels/isa.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace aacft {
namespace {

TEST(Isa, TheChosenOneIsOnThisMachine) {
  const auto isas = available_isas();
  ASSERT_FALSE(isas.empty());
  EXPECT_EQ(isas.front(), Isa::kPortable);
  EXPECT_NE(std::find(isas.begin(), isas.end(), isa()), isas.end());
}

TEST(Isa, CanBeSet) {
  const Isa before = isa();
  set_isa(Isa::kPortable);
  EXPECT_EQ(isa(), Isa::kPortable);
  set_isa(before);
}

}  // namespace
}  // namespace aacft
