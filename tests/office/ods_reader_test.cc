// OpenDocument spreadsheets, as other programs write them.
#include <gtest/gtest.h>

#include "office/support.h"
#include "support/goldens.h"

namespace aacft::testing {
namespace {

Cells ods_cells(const std::string& table, Cells* comments = nullptr) {
  const auto sheets = read_spreadsheet(
      zip_of(
          {{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"},
           {"content.xml", "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"T\">" +
                               table + "</table:table></office:spreadsheet></office:body></office:document-content>"}}),
      "sheet.ods", {});
  EXPECT_EQ(sheets.size(), 1u);
  if (comments != nullptr) *comments = sheets.at(0).comments;
  return sheets.at(0).cells;
}

std::string cell(const std::string& text, const std::string& attributes = "") {
  return "<table:table-cell " + attributes + "><text:p>" + text + "</text:p></table:table-cell>";
}
std::string row(const std::string& cells, const std::string& attributes = "") {
  return "<table:table-row " + attributes + ">" + cells + "</table:table-row>";
}

TEST(Ods, TextIsCollapsedWhereItIsNotSpelt) {
  EXPECT_EQ(ods_cells(row(cell(" a\n  b <text:span>c</text:span> <text:span>d</text:span><text:s "
                               "text:c=\"2\"/>e<text:tab/>f<text:line-break/>g</text:p><text:p>h"))),
            (Cells{{1, 1, "a b c d  e\tf\ng\nh"}}));
}

TEST(Ods, RepeatedCellsAndRows) {
  const std::string data =
      "<table:table-header-rows>" + row(cell("a")) + "</table:table-header-rows>" +
      row("<table:table-cell table:number-columns-repeated=\"2\"/>" + cell("b", "table:number-columns-repeated=\"2\"") +
              "<table:covered-table-cell/>" + cell("c"),
          "table:number-rows-repeated=\"2\"") +
      row("<table:table-cell table:number-columns-repeated=\"16384\"/>", "table:number-rows-repeated=\"1048000\"");
  EXPECT_EQ(ods_cells(data),
            (Cells{{1, 1, "a"}, {2, 3, "b"}, {2, 4, "b"}, {2, 6, "c"}, {3, 3, "b"}, {3, 4, "b"}, {3, 6, "c"}}));
}

TEST(Ods, WhatAMergeCoversIsNotThere) {
  EXPECT_EQ(ods_cells(row(cell("a", "table:number-rows-spanned=\"2\"") + cell("b")) +
                      row("<table:covered-table-cell><text:p>hidden</text:p></table:covered-table-cell>" + cell("c"))),
            (Cells{{1, 1, "a"}, {1, 2, "b"}, {2, 2, "c"}}));
}

TEST(Ods, ValuesWithoutTextAreShown) {
  const auto shown = [](const std::string& value) {
    const Cells cells = ods_cells(row("<table:table-cell office:value-type=" + value + "/>"));
    return cells.empty() ? std::string() : cells[0].text;
  };
  EXPECT_EQ(shown("\"date\" office:date-value=\"2025-03-03\""), "2025-03-03");
  EXPECT_EQ(shown("\"date\" office:date-value=\"2025-03-03T14:30:00\""), "2025-03-03 14:30");
  EXPECT_EQ(shown("\"time\" office:time-value=\"PT14H30M00S\""), "14:30");
  EXPECT_EQ(shown("\"float\" office:value=\"26\""), "26");
  EXPECT_EQ(shown("\"percentage\" office:value=\"0.5\""), "50%");
  EXPECT_EQ(shown("\"boolean\" office:boolean-value=\"true\""), "TRUE");
  EXPECT_EQ(shown("\"string\" office:string-value=\"tea\""), "tea");
}

TEST(Ods, CommentsAreNotText) {
  Cells comments;
  EXPECT_EQ(ods_cells(row("<table:table-cell/><table:table-cell><office:annotation><dc:creator>A</"
                          "dc:creator><text:p>Why?</text:p></office:annotation><text:p>b</text:p></table:table-cell>"),
                      &comments),
            (Cells{{1, 2, "b"}}));
  EXPECT_EQ(comments, (Cells{{1, 2, "Why?"}}));
}

TEST(Ods, RepeatsAreBounded) {
  expect_fails([] { ods_cells(row(cell("a"), "table:number-rows-repeated=\"1000000\"")); }, {"repeats its cells"});
  expect_fails([] { ods_cells(row(cell("a", "table:number-columns-repeated=\"16000\""))); }, {"repeats its cells"});
  expect_fails([] { ods_cells(row(cell("a"), "table:number-rows-repeated=\"18446744073709551615\"")); },
               {"is repeated"});
  std::string deep = "x";
  for (int i = 0; i < 1000; ++i) deep = "<text:span>" + deep + "</text:span>";
  expect_fails([&] { ods_cells(row(cell(deep))); }, {"nested too deep"});
}

}  // namespace
}  // namespace aacft::testing
