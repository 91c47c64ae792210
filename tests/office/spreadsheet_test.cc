// Sheets as office programs exchange them.
#include "aacft/office/spreadsheet.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <map>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/random.h"
#include "support/goldens.h"
#include "support/paths.h"

namespace aacft {

void PrintTo(const SheetCell& cell, std::ostream* out) {
  *out << column_name(cell.column) << cell.row << " [" << cell.text << "]";
}

}  // namespace aacft

namespace aacft::testing {
namespace {

using Cells = std::vector<SheetCell>;
using Rows = std::vector<std::vector<std::string>>;

// Of a CSV, or of the only sheet; warnings are gathered.
Cells cells_of(std::string_view bytes, std::string* warnings = nullptr) {
  const auto sheets = read_spreadsheet(bytes, "sheet", [&](const std::string& text) {
    if (warnings != nullptr) *warnings += text + "\n";
  });
  EXPECT_EQ(sheets.size(), 1u);
  return sheets.empty() ? Cells() : sheets[0].cells;
}

Cells cells_of_rows(const Rows& rows) {
  Cells cells;
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t c = 0; c < rows[r].size(); ++c)
      if (!rows[r][c].empty()) cells.push_back({r + 1, c + 1, rows[r][c]});
  return cells;
}

// ---- CSV ----

TEST(Csv, Separators) {
  const Cells expected = cells_of_rows({{"a", "b,;\tc"}, {"d", "e"}});
  EXPECT_EQ(cells_of("a,\"b,;\tc\"\r\nd,e\r\n"), expected);
  EXPECT_EQ(cells_of("a;\"b,;\tc\"\nd;e\n"), expected);
  EXPECT_EQ(cells_of("a\t\"b,;\tc\"\rd\te"), expected);
  EXPECT_EQ(cells_of("sep=|\r\na|\"b,;\tc\"\r\nd|e\r\n"), expected);
}

TEST(Csv, Quotes) {
  EXPECT_EQ(cells_of("\"he said \"\"no\"\"\",\"two\nlines\",5\" pipe,\"x\"y\n"),
            cells_of_rows({{"he said \"no\"", "two\nlines", "5\" pipe", "xy"}}));
  expect_fails([] { cells_of("a,b\nc,\"d\n"); }, {"row 2", "never ends"});
}

TEST(Csv, EmptyLinesAreRows) { EXPECT_EQ(cells_of("a,b\n\n,c\n"), cells_of_rows({{"a", "b"}, {}, {"", "c"}})); }

TEST(Csv, Encodings) {
  const Cells expected = cells_of_rows({{"é", "🙂"}});
  EXPECT_EQ(cells_of("é,🙂"), expected);
  EXPECT_EQ(cells_of("\xEF\xBB\xBFé,🙂"), expected);
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(cells_of("\xFF\xFE\xE9\0,\0\x3D\xD8\x42\xDE"sv), expected);
  EXPECT_EQ(cells_of("\xFE\xFF\0\xE9\0,\xD8\x3D\xDE\x42"sv), expected);
  expect_fails([] { cells_of("a\0,\0b\0\n\0"sv); }, {"CSV UTF-8"});
}

TEST(Csv, Windows1252IsReadWithAWordAndItsRows) {
  std::string warnings;
  EXPECT_EQ(cells_of("a,b\ncaf\xE9,x\ny,z\n\x93so\x94,\x85\n", &warnings),
            cells_of_rows({{"a", "b"}, {"café", "x"}, {"y", "z"}, {"“so”", "…"}}));
  EXPECT_NE(warnings.find("2 rows are not in UTF-8 and read as Windows-1252 (2, 4), the first as \"café\""),
            warnings.npos)
      << warnings;
  expect_fails([] { cells_of("a,b\nc,\x81\n"); }, {"row 2", "neither UTF-8, Windows-1252 nor Mac OS Roman", "\"Å\""});
}

// As Excel for Mac saves "CSV": CR line ends. The lone middle dots of icons tell it even without a letter.
TEST(Csv, MacRomanIsToldByItsText) {
  std::string warnings;
  EXPECT_EQ(cells_of("Icons,Rewrite\r? I \xE1 ? dog,\xD2It\xD5s my dog\xC9\xD3\rx,caf\x8E\r", &warnings),
            cells_of_rows({{"Icons", "Rewrite"}, {"? I · ? dog", "“It’s my dog…”"}, {"x", "café"}}));
  EXPECT_NE(warnings.find("2 rows are not in UTF-8 and read as Mac OS Roman (2, 3)"), warnings.npos) << warnings;
  EXPECT_EQ(cells_of("I \xE1 dog,a\n"), cells_of_rows({{"I · dog", "a"}}));
  EXPECT_EQ(cells_of("I \xB7 dog,sch\xF6n\nOn\x92y va,\xA3"
                     "5\n"),
            cells_of_rows({{"I · dog", "schön"}, {"On’y va", "£5"}}));
}

TEST(Csv, FormulasAreDefused) {
  const Table table{"", "", {{"=1+1"}, {"x"}}, {{"@SUM(A1)", "-5 degrees"}, {"+1", "'=x"}, {"'tis", "a=b"}}, {}};
  const std::string text = csv_of(table);
  EXPECT_EQ(text, "\xEF\xBB\xBF'=1+1,x\r\n'@SUM(A1),'-5 degrees\r\n'+1,''=x\r\n'tis,a=b\r\n");
  EXPECT_EQ(cells_of(text), cells_of_rows({{"=1+1", "x"}, {"@SUM(A1)", "-5 degrees"}, {"+1", "'=x"}, {"'tis", "a=b"}}));
}

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

// ---- packages ----

std::string zip_of(const std::map<std::string, std::string>& parts) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "a.zip";
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  for (const auto& [name, text] : parts)
    zip_file_add(archive, name.c_str(), zip_source_buffer(archive, text.data(), text.size(), 0), 0);
  EXPECT_EQ(zip_close(archive), 0);
  return read_file(path);
}

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
  EXPECT_EQ(shown("5551234", "000-0000"), "5551234");
  EXPECT_EQ(shown("0.5", "# ?/?"), "0.5");
  EXPECT_EQ(shown("26", "@"), "26");
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

// ---- ODS ----

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

// ---- what is no sheet ----

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
