// CSV: RFC 4180, and what office programs make of it.
#include <gtest/gtest.h>

#include "office/support.h"
#include "support/goldens.h"

namespace aacft::testing {
namespace {

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

}  // namespace
}  // namespace aacft::testing
