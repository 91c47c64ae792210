// The reader of configuration files, without starting the program.
#include "cli/toml.h"

#include "aacft/base/error.h"
#include "support.h"

namespace aacft::cli {
namespace {

class Toml : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder;

  std::vector<TomlEntry> read(const std::string& text) const {
    testing::write_text(folder / "a.toml", text);
    return read_toml(folder / "a.toml");
  }

  void refused(const std::string& text, const std::vector<std::string>& parts) const {
    SCOPED_TRACE(text);
    try {
      read(text);
      ADD_FAILURE() << "accepted";
    } catch (const UsageError& error) {
      for (const std::string& part : parts) testing::expect_contains(error.what(), part);
    }
  }
};

TEST_F(Toml, ReadsWhatOptionsNeed) {
  const auto entries = read(
      "\xEF\xBB\xBF# first\r\nwhole = 12 # why\n  under_scores=1_000\r\nfloat = -1.5e-3\nyes = "
      "true\nno=false\n\"quoted key\" = 'C:\\path # no comment'\n"
      "[train]\nescapes = \"a\\t\\\"b\\\"\\\\ \\u00e9 \\U0001F600\"\nlist = [ \"a b\",\n  # between\n 'c,d' , 3, "
      "]\nempty = []\nnothing = \"\"");
  const std::vector<std::tuple<std::string, std::string, TomlType, std::vector<std::string>, std::size_t>> wanted = {
      {"", "whole", TomlType::kNumber, {"12"}, 2},
      {"", "under_scores", TomlType::kNumber, {"1000"}, 3},
      {"", "float", TomlType::kNumber, {"-1.5e-3"}, 4},
      {"", "yes", TomlType::kBool, {"true"}, 5},
      {"", "no", TomlType::kBool, {"false"}, 6},
      {"", "quoted key", TomlType::kString, {"C:\\path # no comment"}, 7},
      {"train", "escapes", TomlType::kString, {"a\t\"b\"\\ \xC3\xA9 \xF0\x9F\x98\x80"}, 9},
      {"train", "list", TomlType::kArray, {"a b", "c,d", "3"}, 10},
      {"train", "empty", TomlType::kArray, {}, 13},
      {"train", "nothing", TomlType::kString, {""}, 14},
  };
  ASSERT_EQ(entries.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_EQ(std::tuple(entries[i].section, entries[i].key, entries[i].type, entries[i].values, entries[i].line),
              wanted[i])
        << i;
  EXPECT_TRUE(read("").empty());
  EXPECT_TRUE(read("\n # only this").empty());
}

TEST_F(Toml, NamesTheLineOfAMistake) {
  refused("a = 1\n\nb 3\n", {"a.toml:3: ", "\"b\"", "="});
  refused("a =\n", {"a.toml:1: ", "value is missing"});
  refused("a = cosine\n", {"a.toml:1: ", "quotes: \"cosine\""});
  refused("a = 6G\n", {"a.toml:1: ", "quotes: \"6G\""});
  refused("a = \"x\nb = 1", {"a.toml:1: ", "no closing \""});
  refused("a = 'x", {"a.toml:1: ", "no closing '"});
  refused("a = \"\\q\"", {"a.toml:1: ", "\\q"});
  refused("a = \"C:\\users\"", {"a.toml:1: ", "escape"});
  refused("a = 1 2\n", {"a.toml:1: ", "2"});
  refused("a = 1\na = 2\n", {"a.toml:2: ", "line 1 already"});
  refused("a = [1, 2\nb = 3\n", {"a.toml:2: ", "comma or ]"});
  refused("a = [1,\n", {"]"});
  refused("[train\n", {"a.toml:1: ", "[name]"});
  refused("= 3\n", {"a.toml:1: ", "key = value"});
  refused("a = \"\xFF\"\n", {"UTF-8"});
}

// Looking through all keys for each would take minutes.
TEST_F(Toml, ManyKeys) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "key-" + std::to_string(i) + " = 1\n";
  EXPECT_EQ(read(text).size(), 100'000u);
  refused(text + "key-7 = 2\n", {"a.toml:100001: ", "line 8 already"});
}

TEST_F(Toml, ReadsBackEveryString) {
  std::string all;
  for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
  for (const std::string& text : {std::string("plain"), std::string("\"both\" 'kinds' \\ and # [x], y = 1"), all,
                                  std::string("h\xC3\xA9llo\n"), std::string()})
    EXPECT_EQ(read("a = " + toml_string(text) + "\n")[0].values[0], text);
}

}  // namespace
}  // namespace aacft::cli
