#include "aacft/unicode/alignment.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace aacft
