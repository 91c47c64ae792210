// data sample, data board: from a board to prompts, and to the boards of other programs.
#include "support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

const std::string kWords =
    "word\tpicture\ttype\tcategory\tforms\temoji\nI\tme.png\tNOUN\tpeople\tpronoun\t\neat\teat."
    "png\tVERB\tverbs\t\t\napple\tapple.png\tNOUN\tfood\t\t🍎\n"
    "pear\tpear.png\tNOUN\tfood\t\t🍐\n";
const std::string kBoard =
    R"({"name": "Mine", "verbs": ["eat"], "pages": [{"name": "One", "rows": [["I", "eat"]]}, {"name": "Two", "rows": [["[food]"]]}]})";

class DataSample : public CommandTest {
 protected:
  const std::string words_ = input("words.tsv", kWords), board_ = input("board.json", kBoard);
  Arguments with(const Arguments& more) const {
    return Arguments{"data", "sample", "--lexicon", words_, "--board", board_} + more;
  }
};

TEST_F(DataSample, PromptsOfTheBoardsIcons) {
  const auto rows = json_lines(succeeds(with({"--count", "40"})).out);
  ASSERT_EQ(rows.size(), 40u);
  for (const json& row : rows) {
    const std::string text = row.at("text");
    EXPECT_TRUE(text.starts_with("<human>: Simulate an AAC communicator given the following icon input: \n* { "))
        << text;
    EXPECT_TRUE(text.ends_with(" } \n<bot>:")) << text;
  }
}

TEST_F(DataSample, SeedCountAndFile) {
  const std::string ten = succeeds(with({"--count", "10", "--seed", "5"})).out, file = words_ + ".out";
  EXPECT_EQ(succeeds(with({"--count", "10", "--seed", "5", "--output", file})).out, "");
  EXPECT_EQ(read_text(file), ten);
  EXPECT_TRUE(succeeds(with({"--count", "20", "--seed", "5"})).out.starts_with(ten));
  EXPECT_NE(succeeds(with({"--count", "10", "--seed", "6"})).out, ten);
  EXPECT_NE(succeeds(with({"--count", "10", "--seed", "5", "--generator", "java48"})).out, ten);
}

TEST_F(DataSample, ItsOwnBoardFeedsDraft) {
  const std::string prompts = succeeds({"data", "sample", "--count", "20"}).out;
  EXPECT_EQ(lines_of(succeeds({"data", "draft", "--data", "-", "--plain"}, prompts).out).size(), 20u);
}

TEST_F(DataSample, ABoardForOtherProgramsGivesTheSameSamples) {
  const std::string exported = words_ + ".obz";
  expect_contains(succeeds({"data", "board", "--lexicon", words_, "--board", board_, "--output", exported}).out,
                  "3 boards");
  EXPECT_EQ(succeeds({"data", "sample", "--lexicon", words_, "--board", exported, "--count", "30"}).out,
            succeeds(with({"--count", "30"})).out);
  expect_contains(succeeds({"data", "board", "--lexicon", words_, "--board", exported}).out,
                  "Mine: 3 slots on 2 pages, 4 different words");
}

TEST_F(DataSample, UnknownWordsOfABoardAreTold) {
  const std::string foreign = input(
      "foreign.obf",
      R"({"format": "open-board-0.1", "id": 1, "buttons": [{"id": 1, "label": "zorp"}, {"id": 2, "label": "pear"}],
    "grid": {"rows": 1, "columns": 2, "order": [[1, 2]]}})");
  const Result result = succeeds({"data", "sample", "--lexicon", words_, "--board", foreign, "--count", "30"});
  expect_contains(result.err, "does not know 1 of the words, which are taken as nouns: zorp");
  expect_contains(result.out, "* { zorp ; NOUN ; zorp.png }");
}

TEST_F(DataSample, Misuse) {
  expect_message(run(with({"--count", "0"})), 2, {"--count"});
  expect_message(run(with({"--mean-length", "0"})), 2, {"mean length"});
  expect_message(run({"data", "sample", "--board", "none.obz"}), 1, {"none.obz"});
  expect_message(run({"data", "sample", "--board", input("zip.obz", "PK\3\4nothing")}), 1, {"zip.obz", "zip"});
  expect_message(run({"data", "sample", "--lexicon", words_, "--board",
                      input("wrong.json", R"({"pages": [{"rows": [["aple"]]}]})")}),
                 1, {"aple", "did you mean \"apple\""});
  expect_message(run({"data", "board", "--output", "board.json"}), 2, {".obz"});
}

}  // namespace
}  // namespace aacft::testing
