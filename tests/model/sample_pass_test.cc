#include "aacft/model/sample_pass.h"

#include <gtest/gtest.h>

#include <numeric>

#include "aacft/base/random.h"

namespace aacft::testing {
namespace {

TEST(CutIntoPasses, KeepsOrderAndFits) {
  const RandomStream random(5, Purpose::kSampling);
  std::uint64_t draw = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> lengths(random.bits(draw++) % 20);
    for (std::int64_t& length : lengths) length = 1 + random.bits(draw++) % 50;
    const std::int64_t most = 1 + random.bits(draw++) % 120;
    const auto passes = cut_into_passes(lengths, most);
    std::size_t next = 0;
    for (const auto& [begin, end] : passes) {
      EXPECT_EQ(begin, next);
      ASSERT_LT(begin, end);
      ASSERT_LE(end, lengths.size());
      const auto at = [&](std::size_t i) { return lengths.begin() + static_cast<std::ptrdiff_t>(i); };
      const std::int64_t rows = std::accumulate(at(begin), at(end), std::int64_t{0});
      EXPECT_TRUE(rows <= most || end - begin == 1);
      EXPECT_TRUE(end == lengths.size() || rows + lengths[end] > most);  // as full as can be
      next = end;
    }
    EXPECT_EQ(next, lengths.size());
  }
  EXPECT_TRUE(cut_into_passes({}, 5).empty());
  EXPECT_EQ(cut_into_passes({9, 1, 1, 9}, 5),
            (std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {1, 3}, {3, 4}}));
}

}  // namespace
}  // namespace aacft::testing
