#include "aacft/unicode/alignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

namespace aacft {
namespace {

TEST(Alignment, NothingSaidIsTheSameText) {
  const Alignment none;
  EXPECT_TRUE(none.identity());
  EXPECT_EQ(none.original_begin(7), 7u);
  EXPECT_EQ(none.original_end(7), 7u);
}

// "ab--c" from "abXc".
TEST(Alignment, ExactInWhatIsTheSameAndWholeInWhatIsNot) {
  Alignment alignment;
  alignment.begin_stretch(0, 0, true);
  alignment.begin_stretch(2, 2, false);
  alignment.begin_stretch(4, 3, true);
  alignment.begin_stretch(5, 4, true);
  EXPECT_FALSE(alignment.identity());
  EXPECT_EQ(alignment.original_begin(1), 1u);
  EXPECT_EQ(alignment.original_end(1), 1u);
  for (std::size_t pos : {2u, 3u}) {
    EXPECT_EQ(alignment.original_begin(pos), 2u);
    EXPECT_EQ(alignment.original_end(pos + 1), 3u);
  }
  EXPECT_EQ(alignment.original_end(2), 2u);
  EXPECT_EQ(alignment.original_begin(4), 3u);
  EXPECT_EQ(alignment.original_end(5), 4u);
}

// Every third byte doubled; the questions go to and fro.
TEST(Alignment, AnyHintWillDo) {
  Alignment alignment;
  for (std::size_t i = 0; i < 100; ++i) {
    alignment.begin_stretch(4 * i, 3 * i, true);
    alignment.begin_stretch(4 * i + 2, 3 * i + 2, false);
  }
  alignment.begin_stretch(400, 300, true);
  std::size_t hint = 0;
  for (const std::size_t pos : {0u, 1u, 2u, 3u, 4u, 90u, 91u, 93u, 3u, 399u, 398u, 0u, 200u, 17u, 18u, 19u}) {
    EXPECT_EQ(alignment.original_begin(pos, hint), 3 * (pos / 4) + std::min<std::size_t>(pos % 4, 2)) << pos;
    EXPECT_EQ(alignment.original_end(pos + 1, hint), 3 * (pos / 4) + std::min<std::size_t>(pos % 4 + 1, 3)) << pos;
  }
  EXPECT_EQ(alignment.original_end(400, hint), 300u);
}

}  // namespace
}  // namespace aacft
