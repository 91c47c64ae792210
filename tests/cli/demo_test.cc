// What data/demo ships: a model that says icons in plain English, and rows that are fit to train on.
#include "support.h"

namespace aacft::testing {
namespace {

class Demo : public CommandTest {
 protected:
  const fs::path demo_ = source_dir() / "data/demo";
};

TEST_F(Demo, TheModelSpeaksPlainEnglish) {
  const std::string prompts = succeeds({"data", "sample", "--count", "60", "--seed", "8"}).out,
                    drafts = succeeds({"data", "draft", "--data", "-"}, prompts).out;
  const auto report =
      json_lines(succeeds({"eval", "--model", demo_ / "model", "--data", input("drafts.jsonl", drafts), "--compare",
                           "--baseline", "base", "--samples", "0", "--compute", "fp32", "--json"})
                     .out)
          .at(0);
  const auto& metrics = report.at("systems").at(0).at("metrics");
  EXPECT_GT(metrics.at("chrf").at("value"), 65) << report;
  EXPECT_GT(metrics.at("exact").at("value"), 50) << report;
}

TEST_F(Demo, RowsAreFitToTrainOn) {
  const auto report = json_lines(succeeds({"data", "lint", "--data", demo_ / "rewrites.jsonl", "--eval-data",
                                           demo_ / "held-out.jsonl", "--model", demo_ / "model", "--json"})
                                     .out)
                          .at(0);
  EXPECT_EQ(report.at("errors"), 0) << report.at("findings");
  EXPECT_EQ(report.at("warnings"), 0) << report.at("findings");
  EXPECT_GE(report.at("files").at(0).at("rows"), 500);
  for (const std::string& row : lines_of(read_text(demo_ / "rewrites.jsonl")))
    EXPECT_NE(row.find(", my love"), row.npos) << row;
}

}  // namespace
}  // namespace aacft::testing
