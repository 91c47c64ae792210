// data sheet and data collect: what is written, what is told, and when nothing is.
#include "support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

class DataSheet : public CommandTest {
 protected:
  static std::string row(const std::string& word, const std::string& answer) {
    return json{{"text", "<human>: Simulate an AAC communicator given the following icon input: \n* { " + word +
                             " ; NOUN ; a.png } \n<bot>: " + answer + "\n"}}
               .dump() +
           "\n";
  }
  const std::string rows = row("dog", "The dog.") + row("cat", "The cat.");

  // The sheet as CSV, with a rewrite for the dog and none for the cat.
  std::string sheet_with(const std::string& rewrite) const {
    succeeds({"data", "sheet", "--data", input("drafts.jsonl", rows), "--output", "sheet.csv", "--overwrite"});
    std::string text = read_text(work / "sheet.csv");
    fs::remove(work / "sheet.csv");
    const std::size_t at = text.find("The dog.,,");
    EXPECT_NE(at, text.npos);
    return input("back.csv", text.insert(at + 9, rewrite));
  }
};

TEST_F(DataSheet, ThereAndBack) {
  const std::string drafts = input("drafts.jsonl", rows);
  for (const std::string name : {"sheet.xlsx", "sheet.csv"}) {
    const Result sheet = succeeds({"data", "sheet", "--data", drafts, "--output", name, "--title", "For Ada"});
    expect_contains(sheet.err, name + ": 2 sentences to rewrite");
    const Result collected =
        succeeds({"data", "collect", name, "--original", drafts, "--output", "rows.jsonl", "--missing", "draft"});
    EXPECT_EQ(read_text(work / "rows.jsonl"), rows);
    EXPECT_EQ(collected.out, "");
    expect_contains(collected.err, "2 rows from 1 sheet: 0 of 2 rewritten; rows.jsonl written\n");
  }
  expect_message(run({"data", "sheet", "--data", drafts, "--output", "sheet.csv"}), 1,
                 {"sheet.csv", "is there already", "--overwrite"});
}

TEST_F(DataSheet, MissingRewritesAreLeftOutAndNamed) {
  const Result result = succeeds({"data", "collect", sheet_with("My dog!"), "--output", "rows.jsonl"});
  EXPECT_EQ(read_text(work / "rows.jsonl"), row("dog", "My dog!"));
  expect_contains(result.err, "row 3: missing rewrite: no rewrite; left out");
  expect_contains(result.err, "1 row from 1 sheet: 1 of 2 rewritten");
}

TEST_F(DataSheet, ErrorsWriteNothing) {
  const std::string good = input("good.csv", read_text(sheet_with("My dog!"))),
                    bad = input("bad.csv", read_text(sheet_with("The cafÃ© dog")));
  const auto refused = [&](const Arguments& arguments, const std::vector<std::string>& parts, int code = 1) {
    const Result result = run(Arguments{"data", "collect"} + arguments);
    EXPECT_EQ(result.code, code);
    for (const std::string& part : parts) expect_contains(result.err, part);
    EXPECT_EQ(everything_in(work.path()), std::vector<std::string>());
  };
  refused({bad, "--output", "rows.jsonl", "--notes", "notes.jsonl"},
          {"error: ", "bad.csv, row 2: wrong encoding: ", "café", "1 error in the sheets; nothing was written"});
  refused({good, "--output", "rows.jsonl", "--missing", "error"}, {"row 3: missing rewrite"});
  refused({input("other.csv", "a,b\n1,2\n"), "--output", "rows.jsonl"}, {"other.csv", "\"Rewrite\""});
  refused({good}, {"--output is missing"}, 2);
  refused({"--output", "rows.jsonl"}, {"no sheets given"}, 2);
}

TEST_F(DataSheet, ConflictsAndNotes) {
  const std::string first = input("first.csv", read_text(sheet_with("My dog!")));
  std::string text = read_text(sheet_with("A dog!"));
  text.insert(text.find("A dog!,") + 7, "Which dog?");
  const std::string noted = input("noted.csv", text);
  const Result conflict = run({"data", "collect", first, noted, "--output", "rows.jsonl"});
  EXPECT_EQ(conflict.code, 1);
  expect_contains(conflict.err, "noted.csv, row 2: conflict: \"A dog!\", but");
  succeeds({"data", "collect", first, noted, "--output", "rows.jsonl", "--conflicts", "both"});
  EXPECT_EQ(json_lines(read_text(work / "rows.jsonl")).size(), 2u);
  EXPECT_EQ(json_lines(read_text(work / "rows.jsonl"))[1].at("note"), "Which dog?");
  succeeds(
      {"data", "collect", first, noted, "--output", "rows.jsonl", "--conflicts", "last", "--notes", "notes.jsonl"});
  EXPECT_EQ(read_text(work / "rows.jsonl"), row("dog", "A dog!"));
  EXPECT_EQ(json_lines(read_text(work / "notes.jsonl"))[0].at("note"), "Which dog?");
}

}  // namespace
}  // namespace aacft::testing
