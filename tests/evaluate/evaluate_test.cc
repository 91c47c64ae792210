#include "aacft/evaluate/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "aacft/formats/json.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

// The first step of a golden curve is the loss of its first rows under the adapter that it starts from.
class FirstStep : public ::testing::TestWithParam<const char*> {};

TEST_P(FirstStep, IsTheLossOfItsRows) {
  const std::string tag = GetParam();
  const auto golden = read_json_object(goldens_dir() / ("train-" + tag + ".json"));
  const TemporaryFolder folder;
  std::ifstream all(goldens_dir() / "rows.jsonl");
  const auto count = golden["micro_batch"].get<int>() * golden["accumulation"].get<int>();
  std::string rows;
  for (int i = 0; i < count; ++i) {
    std::string line;
    ASSERT_TRUE(std::getline(all, line));
    rows += line + "\n";
  }
  write_text(folder / "rows.jsonl", rows);

  EvaluateOptions options;
  options.model = goldens_dir() / tag.substr(0, tag.find('-'));
  options.adapter = goldens_dir() / ("adapter-" + tag + "-init");
  options.data = folder / "rows.jsonl";
  options.rows.append_eos = false;
  options.rows.mask_prompt = golden["mask_prompt"].get<bool>();
  const EvaluateReport report = evaluate(options, {});
  EXPECT_EQ(report.tokens, golden["log"][0]["tokens"].get<std::int64_t>());
  EXPECT_NEAR(report.loss, golden["log"][0]["loss"].get<double>(), 1e-5);
  EXPECT_DOUBLE_EQ(report.perplexity, std::exp(report.loss));

  ASSERT_EQ(report.rows.size(), static_cast<std::size_t>(count));
  double sum = 0;
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const RowLoss& row = report.rows[i];
    EXPECT_EQ(row.line, i + 1);
    EXPECT_EQ(row.nll.size() + 1, row.ids.size());
    EXPECT_EQ(std::count_if(row.nll.begin(), row.nll.end(), [](float x) { return x != 0; }), row.tokens);
    sum += row.loss * static_cast<double>(row.tokens);
  }
  EXPECT_NEAR(sum / static_cast<double>(report.tokens), report.loss, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Goldens, FirstStep,
                         ::testing::Values("seq-r2-token", "seq-r2-completion", "par-r4-all", "seq-r2-dora"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace aacft::testing
