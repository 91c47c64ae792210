// data draft: rows in, rows with a sentence out.
#include "support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

const std::string kPrompt =
    "<human>: Simulate an AAC communicator given the following icon input: \n* { I ; NOUN ; je.png }  \n* { be ; VERB "
    "; etre.png }  \n"
    "* { behind ; ADJECTIVE ; 5443_1.png } \n<bot>:";

class DataDraft : public CommandTest {};

TEST_F(DataDraft, RowsKeepTheirPromptsAndGetASentence) {
  const std::string rows =
      json{{"text", kPrompt}}.dump() + "\n" + json{{"text", kPrompt + " An old answer\n"}}.dump() + "\n";
  const std::string file = input("prompts.jsonl", rows);
  const std::string line = json{{"text", kPrompt + " I am behind.\n"}}.dump() + "\n";
  EXPECT_EQ(succeeds({"data", "draft", "--data", file}).out, line + line);
  EXPECT_EQ(succeeds({"data", "draft", "--data", "-", "--plain"}, rows).out, "I am behind.\nI am behind.\n");
  const std::string output = file + ".out";
  EXPECT_EQ(succeeds({"data", "draft", "--data", file, "--output", output}).out, "");
  EXPECT_EQ(read_text(output), line + line);
}

TEST_F(DataDraft, IconsAsWords) {
  EXPECT_EQ(succeeds({"data", "draft", "--plain", "--icons", "I past eat apple"}).out, "I ate an apple.\n");
  EXPECT_EQ(succeeds({"data", "draft", "--plain", "--prompt", kPrompt}).out, "I am behind.\n");
  const Result unknown = succeeds({"data", "draft", "--plain", "--icons", "I want zorp"});
  EXPECT_EQ(unknown.out, "I want a zorp.\n");
  expect_contains(unknown.err, "no \"zorp\"");
}

TEST_F(DataDraft, AnotherLexicon) {
  const std::string lexicon = input(
      "words.tsv", "word\tpicture\ttype\tcategory\tforms\temoji\nzorp\tzorp.png\tNOUN\tthings\tplural:zorpen\t\n");
  EXPECT_EQ(succeeds({"data", "draft", "--plain", "--lexicon", lexicon, "--icons", "two/ADJECTIVE zorp"}).out,
            "Two zorpen.\n");
}

TEST_F(DataDraft, Misuse) {
  const std::string file =
      input("bad.jsonl", json{{"text", kPrompt}}.dump() + "\n{\"text\": \"<human>: hello\\n<bot>:\"}\n");
  expect_message(run({"data", "draft"}), 2, {"--data"});
  expect_message(run({"data", "draft", "--data", file, "--icons", "I"}), 2, {"one source"});
  expect_message(run({"data", "draft", "--data", file}), 1, {file + ":2"});
  EXPECT_EQ(succeeds({"data", "draft", "--data", file, "--plain", "--skip-bad-rows"}).out, "I am behind.\n");
  expect_message(run({"data", "draft", "--icons", "dog/NUON"}), 1, {"NUON"});
  expect_message(run({"data", "draft", "--data", "none.jsonl"}), 1, {"none.jsonl"});
}

}  // namespace
}  // namespace aacft::testing
