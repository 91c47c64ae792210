// What needs no model; tests/cli/exemplars_test.cc has one answer.
#include "aacft/tasks/restyle.h"

#include <gtest/gtest.h>

namespace aacft::testing {
namespace {

TEST(Restyle, SentencesOfThePairsAskNoModel) {
  const std::vector<PlainRow> rows = {{"a", "I run.", 1}, {"b", "I eat.", 2}};
  const std::vector<StylePair> pairs = {{"I eat.", "Eating, me!"}, {"I run.", "Off I go!"}, {"I run.", "never"}};
  const auto restyled = restyle(rows, pairs, {}, {});
  ASSERT_TRUE(restyled);
  EXPECT_EQ(restyled->at(0).sentence, "Off I go!");
  EXPECT_EQ(restyled->at(1).sentence, "Eating, me!");
  EXPECT_EQ(restyled_items(rows, *restyled),
            (std::vector<SheetItem>{{1, "a", "Off I go!", "plain: I run."}, {2, "b", "Eating, me!", "plain: I eat."}}));
}

TEST(Restyle, NotesSayWhyASentenceIsAsItWas) {
  EXPECT_EQ(restyled_items({{"a", "I run.", 1}}, {{"I run.", "the model said nothing"}})[0].note,
            "as it was: the model said nothing");
}

}  // namespace
}  // namespace aacft::testing
