// Office Open XML workbooks, as other programs write them.
#include <gtest/gtest.h>

#include "office/support.h"
#include "support/goldens.h"

namespace aacft::testing {
namespace {

std::string relation(const std::string& id, const std::string& type, const std::string& target) {
  return "<Relationship Id=\"" + id + "\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/" +
         type + "\" Target=\"" + target + "\"/>";
}

// A workbook of these sheets' <sheetData> contents and shared strings.
std::map<std::string, std::string> workbook(const std::vector<std::string>& sheets, const std::string& strings = "") {
  std::map<std::string, std::string> parts = {
      {"[Content_Types].xml", "<Types/>"},
      {"_rels/.rels", "<Relationships>" + relation("a", "officeDocument", "xl/workbook.xml") + "</Relationships>"},
      {"xl/sharedStrings.xml", "<sst>" + strings + "</sst>"}};
  std::string listed, relations = relation("s", "sharedStrings", "/xl/sharedStrings.xml");
  for (std::size_t i = 0; i < sheets.size(); ++i) {
    const std::string n = std::to_string(i + 1);
    listed += "<sheet name=\"S" + n + "\" sheetId=\"" + n + "\" r:id=\"r" + n + "\"/>";
    relations += relation("r" + n, "worksheet", "worksheets/sheet" + n + ".xml");
    parts["xl/worksheets/sheet" + n + ".xml"] = "<worksheet><sheetData>" + sheets[i] + "</sheetData></worksheet>";
  }
  parts["xl/workbook.xml"] = "<workbook xmlns:r=\"x\"><sheets>" + listed + "</sheets></workbook>";
  parts["xl/_rels/workbook.xml.rels"] = "<Relationships>" + relations + "</Relationships>";
  return parts;
}

Cells xlsx_cells(const std::string& data, const std::string& strings = "") {
  return cells_of(zip_of(workbook({data}, strings)));
}

TEST(Xlsx, EveryKindOfCell) {
  const std::string strings =
      "<si><t>plain</t></si><si><r><t>rich</t></r><r><rPr><b/></rPr><t xml:space=\"preserve\"> text </t></r><rPh "
      "sb=\"0\"><t>no</t></rPh></si><si><t> </t></si>";
  const std::string data =
      "<row r=\"2\"><c r=\"B2\" t=\"s\"><v>0</v></c><c r=\"D2\" t=\"s\"><v>1</v></c><c t=\"s\"><v>2</v></c></row>"
      "<row><c t=\"inlineStr\"><is><t>in line_x000A_two</t></is></c><c><v>5</v></c><c "
      "t=\"n\"><v>0.10000000000000001</v></c><c t=\"b\"><v>1</v></c>"
      "<c t=\"e\"><v>#NAME?</v></c><c t=\"str\"><f>A1&amp;\"x\"</f><v>a&amp;x</v></c><c r=\"H3\" s=\"1\"/></row>";
  EXPECT_EQ(xlsx_cells(data, strings), (Cells{{2, 2, "plain"},
                                              {2, 4, "rich text "},
                                              {2, 5, " "},
                                              {3, 1, "in line\ntwo"},
                                              {3, 2, "5"},
                                              {3, 3, "0.1"},
                                              {3, 4, "TRUE"},
                                              {3, 5, "#NAME?"},
                                              {3, 6, "a&x"}}));
}

// Numbers by the formats of styles 0, 1, ... of a workbook.
std::string shown(const std::string& value, const std::string& format, const std::string& book = "") {
  auto parts = workbook({"<row><c s=\"1\"><v>" + value + "</v></c></row>"});
  const bool built_in = format.find_first_not_of("0123456789") == std::string::npos;
  parts["xl/styles.xml"] = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"" + format +
                           "\"/></numFmts><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"" + (built_in ? format : "164") +
                           "\"/></cellXfs></styleSheet>";
  std::string& relations = parts["xl/_rels/workbook.xml.rels"];
  relations.insert(relations.find("</"), relation("y", "styles", "styles.xml"));
  std::string& workbook_part = parts["xl/workbook.xml"];
  workbook_part.insert(workbook_part.find("<sheets>"), book);
  return cells_of(zip_of(parts)).at(0).text;
}

TEST(Xlsx, NumbersAreReadAsTheyAreShown) {
  EXPECT_EQ(shown("45719", "14"), "2025-03-03");
  EXPECT_EQ(shown("45719", "0"), "45719");
  EXPECT_EQ(shown("45719.604166666664", "22"), "2025-03-03 14:30");
  EXPECT_EQ(shown("0.60416666666666663", "20"), "14:30");
  EXPECT_EQ(shown("1", "dd/mm/yyyy"), "1900-01-01");
  EXPECT_EQ(shown("61", "d mmmm yyyy"), "1900-03-01");
  EXPECT_EQ(shown("45719", "[$-F800]dddd, mmmm dd, yyyy"), "2025-03-03");
  EXPECT_EQ(shown("44257", "14", "<workbookPr date1904=\"1\"/>"), "2025-03-03");
  EXPECT_EQ(shown("0.5", "9"), "50%");
  EXPECT_EQ(shown("1234567.5", "4"), "1,234,567.50");
  EXPECT_EQ(shown("999", "3"), "999");
  EXPECT_EQ(shown("-5", "&quot;$&quot;#,##0.00"), "-$5.00");
  EXPECT_EQ(shown("5", "#,##0.00 [$€-407]"), "5.00 €");
  EXPECT_EQ(shown("7", "000;-000"), "007");
  EXPECT_EQ(shown("5551234", "000-0000"), "555-1234");
  EXPECT_EQ(shown("5551234", "[&lt;=9999999]###-####;(###) ###-####"), "555-1234");
  EXPECT_EQ(shown("6045551234", "[&lt;=9999999]###-####;(###) ###-####"), "(604) 555-1234");
  EXPECT_EQ(shown("123", "\\0 00-0"), "0 12-3");
  EXPECT_EQ(shown("0.5", "# ?/?"), "1/2");
  EXPECT_EQ(shown("1.5", "12"), "1 1/2");
  EXPECT_EQ(shown("-0.3333333", "13"), "-1/3");
  EXPECT_EQ(shown("2", "13"), "2");
  EXPECT_EQ(shown("1.25", "# ?/8"), "1 2/8");
  EXPECT_EQ(shown("1.0868055555555556", "[h]:mm"), "26:05");
  EXPECT_EQ(shown("1.0868055555555556", "46"), "26:05:00");
  EXPECT_EQ(shown("0.0512152777777778", "45"), "13:45");
  EXPECT_EQ(shown("0.6", "18"), "2:24 PM");
  EXPECT_EQ(shown("0", "h:mm AM/PM"), "12:00 AM");
  EXPECT_EQ(shown("0.38", "20"), "9:07");
  EXPECT_EQ(shown("0.38", "hh:mm"), "09:07");
  EXPECT_EQ(shown("5", "5"), "5");
  EXPECT_EQ(shown("-1234.5", "7"), "(1,234.50)");
  EXPECT_EQ(shown("5", "43"), "5.00");
  EXPECT_EQ(shown("5", "44"), "5.00");
  EXPECT_EQ(shown("-5", "14"), "########");
  EXPECT_EQ(shown("26", "@"), "26");
}

TEST(Xlsx, DatesMayBeSpelt) {
  const auto spelt = [](const std::string& date) {
    return cells_of(zip_of(workbook({"<row><c t=\"d\"><v>" + date + "</v></c></row>"}))).at(0).text;
  };
  EXPECT_EQ(spelt("2025-03-03T00:00:00"), "2025-03-03");
  EXPECT_EQ(spelt("2025-03-03T14:30:00.000Z"), "2025-03-03 14:30");
  EXPECT_EQ(spelt("2025-03-03"), "2025-03-03");
}

TEST(Xlsx, WhatAMergeCoversIsNotThere) {
  auto parts =
      workbook({"<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"B1\"><v>2</v></c></row><row r=\"2\"><c "
                "r=\"A2\"><v>3</v></c><c r=\"B2\"><v>4</v></c></row><row r=\"3\"><c r=\"A3\"><v>5</v></c></row>"});
  std::string& sheet = parts["xl/worksheets/sheet1.xml"];
  sheet.insert(sheet.find("</worksheet>"), "<mergeCells count=\"1\"><mergeCell ref=\"A1:A2\"/></mergeCells>");
  EXPECT_EQ(cells_of(zip_of(parts)), (Cells{{1, 1, "1"}, {1, 2, "2"}, {2, 2, "4"}, {3, 1, "5"}}));
}

TEST(Xlsx, PrefixesAreFree) {
  EXPECT_EQ(
      xlsx_cells("<x:row r=\"1\" xmlns:x=\"y\"><x:c r=\"A1\" t=\"inlineStr\"><x:is><x:t>a</x:t></x:is></x:c></x:row>"),
      (Cells{{1, 1, "a"}}));
}

TEST(Xlsx, SheetsByRelationship) {
  auto parts = workbook({"<row><c><v>1</v></c></row>", "<row><c><v>2</v></c></row>"});
  std::string& book = parts["xl/workbook.xml"];
  book.replace(book.find("sheetId=\"1\""), 11, "state=\"veryHidden\"");
  const auto sheets = read_spreadsheet(zip_of(parts), "", {});
  ASSERT_EQ(sheets.size(), 2u);
  EXPECT_TRUE(sheets[0].hidden);
  EXPECT_FALSE(sheets[1].hidden);
  EXPECT_EQ(sheets[1].cells, (Cells{{1, 1, "2"}}));
}

TEST(Xlsx, CommentsOfBothKinds) {
  auto parts = workbook({"<row><c><v>1</v></c></row>"});
  parts["xl/worksheets/_rels/sheet1.xml.rels"] =
      "<Relationships>" + relation("a", "comments", "../comments1.xml") +
      "<Relationship Id=\"b\" Type=\"http://schemas.microsoft.com/office/2017/10/relationships/threadedComment\" "
      "Target=\"../t.xml\"/></Relationships>";
  parts["xl/comments1.xml"] =
      "<comments><commentList><comment ref=\"D7\"><text><r><t>Why</t></r><r><t xml:space=\"preserve\"> "
      "this?</t></r></text></comment>"
      "<comment ref=\"D8\"><text><t>[Threaded comment] Your version ...</t></text></comment></commentList></comments>";
  parts["xl/t.xml"] =
      "<ThreadedComments><threadedComment ref=\"D8\"><text>First</text></threadedComment><threadedComment "
      "ref=\"D8\"><text>Answer</text></threadedComment></ThreadedComments>";
  EXPECT_EQ(read_spreadsheet(zip_of(parts), "", {})[0].comments, (Cells{{7, 4, "Why this?"}, {8, 4, "First\nAnswer"}}));
}

TEST(Xlsx, EntitiesAreNotExpanded) {
  auto parts = workbook({"<row><c t=\"inlineStr\"><is><t>&a;</t></is></c></row>"});
  std::string& sheet = parts["xl/worksheets/sheet1.xml"];
  sheet = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]>" +
          sheet;
  EXPECT_EQ(cells_of(zip_of(parts)), (Cells{{1, 1, "&a;"}}));
}

TEST(Xlsx, DamageIsNamed) {
  expect_fails([] { xlsx_cells("<row r=\"99999999\"><c><v>1</v></c></row>"); }, {"A99999999", "no cell's name"});
  expect_fails([] { xlsx_cells("<row r=\"1\"><c r=\"ZZZ1\"><v>1</v></c></row>"); }, {"outside of any sheet"});
  expect_fails([] { xlsx_cells("<row r=\"1\"><c r=\"1\"><v>1</v></c></row>"); }, {"no cell's name"});
  expect_fails([] { xlsx_cells("<row><c t=\"s\"><v>3</v></c></row>", "<si><t>a</t></si>"); }, {"the text 3 of 1"});
  expect_fails([] { xlsx_cells("<row><c t=\"inlineStr\"><is><t>\xFF</t></is></c></row>"); },
               {"row 1", "column A", "not UTF-8"});
  expect_fails([] { xlsx_cells("<row><c>"); }, {"damaged at byte"});
  auto parts = workbook({"<row/>"});
  parts.erase("xl/worksheets/sheet1.xml");
  expect_fails([&] { cells_of(zip_of(parts)); }, {"sheet1.xml is missing"});
  const std::string whole = zip_of(workbook({"<row/>"}));
  expect_fails([&] { cells_of(whole.substr(0, whole.size() / 2)); }, {"damaged or incomplete"});
}

// The last cell that there can be costs no more than its text.
TEST(Xlsx, FarCellsAreCells) {
  EXPECT_EQ(xlsx_cells("<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>"), (Cells{{1048576, 16384, "1"}}));
}

TEST(Xlsx, BombsAreRefused) {
  auto parts = workbook({"<row/>"});
  parts["xl/sharedStrings.xml"] = "<sst><si><t>" + std::string(60 << 20, 'x') + "</t></si></sst>";
  const std::string bomb = zip_of(parts);
  ASSERT_LT(bomb.size(), 200u << 10);
  expect_fails([&] { cells_of(bomb); }, {"unpacks to far more"});
  std::string cells;
  for (int i = 0; i < 3000; ++i) cells += "<c t=\"s\"><v>0</v></c>";
  expect_fails([&] { xlsx_cells("<row>" + cells + "</row>", "<si><t>" + std::string(60000, 'x') + "</t></si>"); },
               {"more text than a sheet"});
}

}  // namespace
}  // namespace aacft::testing
