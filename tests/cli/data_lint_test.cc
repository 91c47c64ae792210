// data lint: what it prints, and its exit code.
#include "support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

class DataLint : public CommandTest {
 protected:
  static std::string row(int n) {
    return json{{"text", "<human>: icons: \n* { thing" + std::to_string(n) +
                             " ; NOUN ; a.png } \n<bot>: I want thing number " + std::to_string(n) + "\n"}}
               .dump() +
           "\n";
  }
  static std::string good_rows(int count = 30) {
    std::string content;
    for (int i = 0; i < count; ++i) content += row(i);
    return content;
  }
};

TEST_F(DataLint, GoodRows) {
  const std::string file = input("good.jsonl", good_rows());
  const Result result = succeeds({"data", "lint", "--data", file, "--strict"});
  EXPECT_EQ(result.err, "");
  expect_contains(result.out, file + ": 30 rows of {text}\n");
  expect_contains(result.out, "words a row:");
  expect_contains(result.out, "--tokenizer counts tokens");
  expect_contains(result.out, "#");
  expect_contains(result.out, "\n0 errors, 0 warnings\n");
  EXPECT_TRUE(
      succeeds({"data", "lint", "--data", "-"}, good_rows()).out.starts_with("standard input: 30 rows of {text}\n"));
}

TEST_F(DataLint, ErrorsAndStrictWarningsDecideTheExitCode) {
  const std::string warned = input("warned.jsonl", good_rows() + row(3)),
                    wrong = input("wrong.jsonl", good_rows() + "nonsense\n");
  EXPECT_EQ(succeeds({"data", "lint", "--data", warned}).err, "");
  const Result strict = run({"data", "lint", "--data", warned, "--strict"});
  EXPECT_EQ(strict.code, 1);
  EXPECT_EQ(strict.err, "");
  expect_contains(strict.out, "warning: rows that occur before (duplicate, 1)");
  expect_contains(strict.out, warned + ":31: the same as line 4");
  const Result error = run({"data", "lint", "--data", wrong});
  EXPECT_EQ(error.code, 1);
  EXPECT_EQ(error.err, "");
  expect_contains(error.out, "error: lines that are not JSON (not-json, 1)");
  expect_contains(error.out, wrong + ":31: ");
  expect_contains(error.out, "\n1 error, 0 warnings\n");
  EXPECT_EQ(run({"data", "lint", "--data", wrong, "--json"}).code, 1);
}

TEST_F(DataLint, LongListsAreShortened) {
  const std::string file = input("rows.jsonl", good_rows(20) + good_rows(20));
  const std::string brief = succeeds({"data", "lint", "--data", file}).out,
                    all = succeeds({"data", "lint", "--data", file, "--all"}).out;
  expect_contains(brief, "(duplicate, 20)");
  expect_contains(brief, "... and 15 more (--all)");
  EXPECT_EQ(brief.find(":26: "), brief.npos);
  EXPECT_EQ(all.find("more"), all.npos);
  for (int line = 21; line <= 40; ++line) expect_contains(all, file + ":" + std::to_string(line) + ": ");
}

TEST_F(DataLint, Json) {
  const std::string file =
      input("rows.jsonl", good_rows() + row(3) + "nonsense\n" +
                              json{{"text", "<human>: icons: \n* { x ; NOUN ; a.png } \n<bot>: I\u00a0want\n"}}.dump());
  const std::string eval = input("eval.jsonl", row(100) + row(7));
  const Result result = run({"data", "lint", "--data", file, "--eval-data", eval, "--json", "--model", seq});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "");
  const json report = json::parse(result.out);
  EXPECT_EQ(report.at("unit"), "tokens");
  EXPECT_EQ(report.at("errors"), 2);
  EXPECT_EQ(report.at("warnings"), 2);
  EXPECT_EQ(report.at("infos"), 0);
  EXPECT_EQ(report.at("kinds"), (json{{"duplicate", 1}, {"leak", 1}, {"no-break-space", 1}, {"not-json", 1}}));
  const json& files = report.at("files");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].at("file"), file);
  EXPECT_EQ(files[0].at("rows"), 32);
  EXPECT_EQ(files[0].at("unreadable"), 1);
  EXPECT_EQ(files[0].at("shapes"), (json{{"text", 32}}));
  std::int64_t binned = 0;
  for (const json& bin : files[0].at("row_tokens").at("histogram")) {
    EXPECT_LE(bin.at("from"), bin.at("to"));
    binned += bin.at("rows").get<std::int64_t>();
  }
  EXPECT_EQ(binned, 32);
  for (const char* key : {"count", "total", "mean", "median", "min", "max", "p95"})
    for (const char* what : {"row_tokens", "answer_tokens", "row_characters", "answer_characters"})
      EXPECT_TRUE(files[1].at(what).at(key).is_number()) << what << key;
  for (const json& finding : report.at("findings"))
    for (const char* key : {"severity", "kind", "file", "line", "message", "advice"})
      EXPECT_TRUE(finding.contains(key)) << finding << key;
  const json& leak = report.at("findings").at(1);
  EXPECT_EQ(leak.at("kind"), "leak");
  EXPECT_EQ(leak.at("severity"), "error");
  EXPECT_EQ(leak.at("file"), eval);
  EXPECT_EQ(leak.at("line"), 2);
  EXPECT_EQ(leak.at("other"), (json{{"file", file}, {"line", 8}}));
  const json& space = report.at("findings").at(3);
  EXPECT_EQ(space.at("code_points"), "U+00A0");
  EXPECT_EQ(space.at("byte"), std::string("<human>: icons: \n* { x ; NOUN ; a.png } \n<bot>: I").size());
}

TEST_F(DataLint, TheContextLimitsRows) {
  const std::string file = input("rows.jsonl", good_rows());
  expect_contains(succeeds({"data", "lint", "--data", file, "--model", seq}).out, "tokens a row:");
  const Result short_context =
      run({"data", "lint", "--data", file, "--tokenizer", seq / "tokenizer.json", "--context", "20"});
  EXPECT_EQ(short_context.code, 1);
  expect_contains(short_context.out, "(too-long, 30)");
  expect_contains(short_context.out, "tokens, more than 20");
}

TEST_F(DataLint, Misuse) {
  const std::string file = input("rows.jsonl", good_rows());
  expect_message(run({"data", "lint"}), 2, {"--data"});
  expect_message(run({"data", "lint", "--data", file, "--context", "20"}), 2, {"--tokenizer"});
  expect_message(run({"data", "lint", "--data", file, "--model", seq, "--tokenizer", seq / "tokenizer.json"}), 2,
                 {"exclude"});
  expect_message(run({"data", "lint", "--data", file, "--similarity", "0"}), 2, {"--similarity"});
  expect_message(run({"data", "lint", "--data", "none.jsonl"}), 1, {"none.jsonl"});
}

}  // namespace
}  // namespace aacft::testing
