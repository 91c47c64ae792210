#include "aacft/boards/icon.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/data/rows.h"
#include "aacft/formats/json.h"
#include "source_dir.h"

namespace aacft {
namespace {

TEST(Icon, PromptsOfTheDataSurviveTheRoundTrip) {
  std::size_t rows = 0;
  read_json_lines(
      read_file(AACFT_SOURCE_DIR "/data/aac-504.jsonl"),
      [&](std::size_t, const nlohmann::json& row) {
        const std::string prompt = prompt_of(row);
        EXPECT_EQ(prompt_of_icons(icons_of_prompt(row.at("text").get<std::string>())), prompt);
        ++rows;
      },
      [](std::size_t line, const std::string& reason) { ADD_FAILURE() << line << ": " << reason; });
  EXPECT_EQ(rows, 504u);
}

TEST(Icon, WordsMayHoldWhatSeparatesThem) {
  const std::vector<Icon> icons = {{"what is your name?", IconType::kNoun, "a.png"},
                                   {"his/her ; its", IconType::kAdjective, "b.png"}};
  EXPECT_EQ(icons_of_prompt(prompt_of_icons(icons)), icons);
}

TEST(Icon, WhatIsNoIconIsNamed) {
  for (const char* text : {"<human>: hello\n<bot>:", "* { I ; NOUN }\n<bot>:", "* { I ; NOON ; je.png }\n<bot>:",
                           "* { ; NOUN ; je.png }", "* { I ; NOUN ; je.png", "* {}", "* {"})
    EXPECT_THROW(icons_of_prompt(text), Error) << text;
}

TEST(Icon, TypesByName) {
  for (const IconType type : {IconType::kNoun, IconType::kCliticPronoun, IconType::kPreposition})
    EXPECT_EQ(icon_type_named(name_of(type)), type);
  EXPECT_EQ(icon_type_named("verb"), IconType::kVerb);
  EXPECT_FALSE(icon_type_named("VERBS"));
}

}  // namespace
}  // namespace aacft
