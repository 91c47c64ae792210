#include "aacft/office/spreadsheet.h"

#include <gtest/gtest.h>

#include "aacft/base/error.h"
#include "aacft/base/random.h"
#include "office/support.h"
#include "support/goldens.h"

namespace aacft::testing {
namespace {

// Texts of what separates, quotes, escapes and ends.
std::string odd_text(const RandomStream& random, std::uint64_t& index) {
  static const std::vector<std::string> kParts = {"a",       " ",    ",", ";",    "\"", "\n", "'", "=", "+",
                                                  "_x0041_", "&lt;", "<", "🙂", "é",  "\t", "-", "0", "_"};
  std::string text;
  for (std::uint32_t length = random.bits(index++) % 8; length > 0; --length)
    text += kParts[random.bits(index++) % kParts.size()];
  return text;
}

TEST(Spreadsheet, WhatIsWrittenIsRead) {
  const RandomStream random(5, Purpose::kSplit);
  std::uint64_t index = 0;
  for (int round = 0; round < 20; ++round) {
    Table table{"T", "", {{"number"}, {"x"}, {"y", 5, true}, {"z", 5, false, true}}, {}, {"one", "two"}};
    Rows rows = {{"number", "x", "y", "z"}};
    for (int r = 0; r < 12; ++r) {
      rows.emplace_back();
      for (int c = 0; c < 4; ++c) rows.back().push_back(odd_text(random, index));
      table.rows.push_back(rows.back());
    }
    EXPECT_EQ(cells_of(csv_of(table)), cells_of_rows(rows));
    const auto sheets = read_spreadsheet(xlsx_of(table), "sheet.xlsx", {});
    ASSERT_EQ(sheets.size(), 2u);
    EXPECT_EQ(sheets[0].cells, cells_of_rows(rows));
    EXPECT_EQ(sheets[0].name, "T");
    EXPECT_EQ(sheets[1].cells, cells_of_rows({{"one"}, {"two"}}));
  }
}

TEST(Spreadsheet, ACellHasAnEnd) {
  const auto table_with = [](const std::string& text) { return Table{"T", "", {{"x"}}, {{"short"}, {text}}, {}}; };
  EXPECT_EQ(read_spreadsheet(xlsx_of(table_with(std::string(32767, 'x'))), "", {})[0].cells.back().text.size(), 32767u);
  expect_fails([&] { xlsx_of(table_with(std::string(32768, 'x'))); }, {"row 3", ".csv"});
}

TEST(Spreadsheet, ColumnNames) {
  const std::map<std::size_t, std::string> expected = {{1, "A"},    {26, "Z"},    {27, "AA"},    {52, "AZ"},
                                                       {702, "ZZ"}, {703, "AAA"}, {16384, "XFD"}};
  for (const auto& [column, name] : expected) EXPECT_EQ(column_name(column), name);
}

TEST(Spreadsheet, OtherFilesAreNamed) {
  expect_fails([] { cells_of(""); }, {"empty"});
  expect_fails([] { cells_of("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1xxxx"); }, {".xls", "password"});
  expect_fails([] { cells_of("<?xml version=\"1.0\"?><a/>"); }, {"not a sheet"});
  expect_fails([] { cells_of("%PDF-1.7"); }, {"not a sheet"});
  expect_fails([] { cells_of(zip_of({{"a.txt", "a"}})); }, {"neither .xlsx nor .ods"});
  expect_fails(
      [] {
        cells_of(zip_of({{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}}));
      },
      {"no content"});
}

}  // namespace
}  // namespace aacft::testing
