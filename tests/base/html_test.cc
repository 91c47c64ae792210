#include "aacft/base/html.h"

#include <gtest/gtest.h>

#include <cmath>

#include "aacft/base/utf8.h"

namespace aacft {
namespace {

TEST(Html, EscapesWhatHasAMeaning) {
  EXPECT_EQ(html_escaped("a < b && \"c\" > 'd'"), "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
  EXPECT_EQ(html_escaped("tea ☕ é\n\tx"), "tea ☕ é\n\tx");
  EXPECT_EQ(html_escaped(""), "");
}

TEST(Html, HoldsNoControlCharactersAndIsUtf8) {
  EXPECT_EQ(html_escaped(std::string("a\0b\x1b\x7f", 5)), "a\uFFFDb\uFFFD\uFFFD");
  EXPECT_EQ(html_escaped("\xC3(\xFF"), "\uFFFD(\uFFFD");
  std::string bytes;
  for (int c = 255; c >= 0; --c) bytes += static_cast<char>(c);
  EXPECT_TRUE(valid_utf8(html_escaped(bytes)));
}

TEST(Html, NumbersAreForPeople) {
  EXPECT_EQ(html_number(3.14159, 2), "3.14");
  EXPECT_EQ(html_number(-2.5, 1), "\u22122.5");
  EXPECT_EQ(html_number(-0.001, 1), "0.0");
  EXPECT_EQ(html_number(1234, 0), "1234");
  EXPECT_EQ(html_number(12345.6, 1), "12\u2009345.6");
  EXPECT_EQ(html_number(1234567, 0), "1\u2009234\u2009567");
  EXPECT_EQ(html_number(std::nan(""), 1), "\u2013");
  EXPECT_EQ(html_number(-INFINITY, 1), "\u2013");
}

TEST(Html, APageNeedsNothingElse) {
  const std::string page = html_page("A < B", "<p>body</p>", "p { margin: 0 }");
  EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
  for (const char* part : {"<title>A &lt; B</title>", "<h1>A &lt; B</h1>", "<p>body</p>", "p { margin: 0 }",
                           "charset=\"utf-8\"", "width=device-width", "prefers-color-scheme: dark"})
    EXPECT_NE(page.find(part), page.npos) << part;
  for (const char* part : {"http", "<script", "@import", "url("}) EXPECT_EQ(page.find(part), page.npos) << part;
}

}  // namespace
}  // namespace aacft
