#include "aacft/train/data_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace aacft::testing {
namespace {

std::vector<std::size_t> epoch_of(const DataOrder& order, std::int64_t epoch) {
  std::vector<std::size_t> samples;
  for (std::int64_t m = 0; m < order.micro_batches_per_epoch(); ++m)
    for (const std::size_t sample : order.micro_batch(epoch * order.micro_batches_per_epoch() + m))
      samples.push_back(sample);
  return samples;
}

TEST(Order, InFileOrderWithAShortEnd) {
  const DataOrder order(10, 4, false, 1);
  EXPECT_EQ(order.micro_batches_per_epoch(), 3);
  EXPECT_EQ(order.micro_batch(1), (std::vector<std::size_t>{4, 5, 6, 7}));
  EXPECT_EQ(order.micro_batch(2), (std::vector<std::size_t>{8, 9}));
  EXPECT_EQ(order.micro_batch(3), (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(DataOrder(503, 4, false, 1).micro_batches_per_epoch(), 126);
  EXPECT_EQ(DataOrder(3, 8, false, 1).micro_batch(5), (std::vector<std::size_t>{0, 1, 2}));
}

TEST(Order, EveryEpochIsAPermutationOfItsOwn) {
  for (const std::size_t samples : {1, 2, 7, 64, 503}) {
    std::vector<std::size_t> all(samples);
    std::iota(all.begin(), all.end(), std::size_t{0});
    std::set<std::vector<std::size_t>> orders;
    for (const std::uint64_t seed : {1, 2}) {
      const DataOrder order(samples, 4, true, seed);
      for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
        auto shuffled = epoch_of(order, epoch);
        orders.insert(shuffled);
        std::sort(shuffled.begin(), shuffled.end());
        EXPECT_EQ(shuffled, all);
      }
    }
    if (samples >= 64) {
      EXPECT_EQ(orders.size(), 6u);
    }
  }
}

TEST(Order, TheMicroBatchDoesNotChangeTheOrder) {
  EXPECT_EQ(epoch_of(DataOrder(50, 4, true, 3), 2), epoch_of(DataOrder(50, 7, true, 3), 2));
}

}  // namespace
}  // namespace aacft::testing
