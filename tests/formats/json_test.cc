#include "aacft/formats/json.h"

#include <gtest/gtest.h>

#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

TEST(Json, ReadsAnObject) {
  const TemporaryFolder folder;
  write_text(folder / "config.json", "{\"a\": {\"b\": [1, 2.5, null]}, \"c\": {\"b\": 1}}");
  const nlohmann::json value = read_json_object(folder / "config.json");
  EXPECT_EQ(value["a"]["b"][1], 2.5);
}

TEST(Json, NamesFileLineAndColumn) {
  const TemporaryFolder folder;
  const auto path = folder / "config.json";
  const auto fails = [&](const std::string& text, std::initializer_list<std::string> parts) {
    write_text(path, text);
    expect_error([&] { read_json_object(path); }, parts);
  };
  fails("{\n  \"a\": 1,\n  \"b\" 2\n}", {path.string() + ":3:7: not valid JSON", "expected ':'"});
  fails("", {path.string() + ":1:1: not valid JSON"});
  fails("[1]", {path.string() + ":1:1", "an object was expected, not array"});
  fails("{\"a\": \"\xFF\"}", {path.string() + ":1:8", "UTF-8"});
  fails("{} x", {path.string() + ":1:4"});
  fails("{\"a\": 1, \"b\": 2, \"a\": 3}", {path.string(), "the key 'a' occurs twice"});
  fails("{\"a\": 1e999}", {path.string(), "1:11", "1e999", "too large"});
  fails("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}",
        {path.string(), "more than 256 levels"});
  fails("{\"a\":" + std::string(1'000'000, '['), {path.string(), "more than 256 levels"});
  fails("{\"a\": \"" + std::string(100'000, 'x'), {path.string() + ":1:"});
  expect_error([&] { read_json_object(folder / "none.json"); }, {"none.json"});
}

TEST(Json, OrderedKeys) {
  const TemporaryFolder folder;
  const std::string text = "{\"b\":{\"z\":1,\"a\":2},\"a\":3}";
  write_text(folder / "a.json", text);
  EXPECT_EQ(read_ordered_json_object(folder / "a.json").dump(), text);
  write_text(folder / "a.json", "{\"a\":1,\"a\":2}");
  expect_error([&] { read_ordered_json_object(folder / "a.json"); }, {"a.json", "'a' occurs twice"});
  std::string many = "{";
  for (int i = 0; i < 1'000'000; ++i) many += "\"" + std::to_string(i) + "\":0,";
  write_text(folder / "a.json", many + "\"a\":0}");
  expect_error([&] { read_ordered_json_object(folder / "a.json"); }, {"a.json", "more than 8192 keys"});
}

TEST(Json, Lines) {
  std::vector<std::string> rows, faults;
  const auto row = [&](std::size_t line, const nlohmann::json& value) {
    rows.push_back(std::to_string(line) + value.dump());
  };
  const auto bad = [&](std::size_t line, const std::string& why) {
    faults.push_back(std::to_string(line) + " " + why);
  };
  read_json_lines("{\"a\":1}\r\n\n  \r\n{\"a\": 2\n[3]\n{\"a\":\"\xC3\"}\n{\"a\":1,\"a\":2}\n{\"a\":4}", row, bad);
  EXPECT_EQ(rows, (std::vector<std::string>{"1{\"a\":1}", "8{\"a\":4}"}));
  ASSERT_EQ(faults.size(), 4u);
  EXPECT_TRUE(faults[0].starts_with("4 column 8: not valid JSON: ")) << faults[0];
  EXPECT_TRUE(faults[1].starts_with("5 ")) << faults[1];
  EXPECT_NE(faults[2].find("UTF-8"), std::string::npos) << faults[2];
  EXPECT_NE(faults[3].find("'a' occurs twice"), std::string::npos) << faults[3];
}

TEST(Json, LinesPassExceptionsOn) {
  const auto stop = [](std::size_t line, const std::string&) { throw Error("line ", line); };
  const auto row = [](std::size_t line, const nlohmann::json&) { throw Error("row ", line); };
  expect_error(
      [&] {
        read_json_lines(
            "\n{", [](std::size_t, const nlohmann::json&) {}, stop);
      },
      {"line 2"});
  expect_error([&] { read_json_lines("{}", row, stop); }, {"row 1"});
}

TEST(Json, FilesThatAreNoLinesAreNamedOnce) {
  const auto faults = [](const std::string& content) {
    std::string all;
    read_json_lines(
        content, [&](std::size_t line, const nlohmann::json&) { all += std::to_string(line) + " is a row; "; },
        [&](std::size_t line, const std::string& why) { all += std::to_string(line) + " " + why + "; "; });
    return all;
  };
  EXPECT_NE(faults(std::string("\xFF\xFE{\0\"\0a\0\"\0:\0\n\0", 14)).find("1 text in UTF-16"), std::string::npos);
  EXPECT_NE(faults(std::string("\0{\0}\0\n", 6)).find("1 text in UTF-16"), std::string::npos);
  EXPECT_EQ(faults("\n[{\"a\":1},\n {\"a\":2}]\n"),
            "2 one JSON array, where JSON Lines have an object a line: jq -c '.[]' writes them so; ");
  EXPECT_EQ(faults("{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n"),
            "1 JSON objects over several lines, where JSON Lines have an object a line: jq -c . writes them so; ");
  for (const char* end : {"", "\r", "\n"})
    EXPECT_EQ(
        faults(std::string("{\"a\": 1}\r{\"a\": 2}") + end),
        "1 lines that end in CR alone, as on old Macs, where JSON Lines end in LF: tr '\\r' '\\n' writes them so; ");
  EXPECT_EQ(faults("{\"a\": 1}\r"), "1 is a row; ");
  EXPECT_EQ(faults("{\"a\":\r1}\r\n"), "1 is a row; ");
  EXPECT_NE(faults("{\"a\":1} x\n{\"a\":2}\n").find("2 is a row"), std::string::npos);
  EXPECT_NE(faults("{\"a\":1\n{\"a\":2}\n").find("2 is a row"), std::string::npos);
  EXPECT_NE(faults("[1]\n{\"a\":2}\n").find("2 is a row"), std::string::npos);
}

TEST(Json, TheTalksData) {
  const auto path = shared_dir() / "data/aac-504.jsonl";
  if (!std::filesystem::exists(path)) GTEST_SKIP();
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  std::size_t rows = 0;
  const auto row = [&](std::size_t line, const nlohmann::json& value) {
    EXPECT_EQ(line, ++rows);
    EXPECT_TRUE(value.at("text").is_string());
  };
  read_json_lines(content, row, [](std::size_t line, const std::string& why) { ADD_FAILURE() << line << why; });
  EXPECT_EQ(rows, 503u);
}

}  // namespace
}  // namespace aacft::testing
