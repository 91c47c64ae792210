// aacft bench: that it runs and counts right, not how fast anything is.
#include "support.h"

namespace aacft::testing {
namespace {

class Bench : public CommandTest {};

using nlohmann::json;

// Every number is positive.
void expect_sane(const json& value, const std::string& where) {
  if (value.is_number()) EXPECT_GT(value.get<double>(), 0) << where;
  if (value.is_structured())
    for (const auto& [key, inner] : value.items()) expect_sane(inner, where + "/" + key);
}

TEST_F(Bench, MeasuresEverything) {
  for (const auto& [compute, weights] : {std::pair("fp32", "fp16"), std::pair("bf16", "nf4")}) {
    const json report = json::parse(succeeds({"bench", "--json", "--quick", "--shape", "tiny", "--layers", "3",
                                              "--tokens", "170", "--compute", compute, "--base-weights", weights})
                                        .out);
    expect_sane(report, "");
    EXPECT_EQ(report.at("compute"), compute);
    EXPECT_EQ(report.at("base_weights"), weights);
    EXPECT_EQ(report.at("linears").size(), 26u);  // 4 linears at 3 numbers of rows, and the head; forward and gradient
    const json& linear = report.at("linears").at(0);
    EXPECT_EQ(linear.at("flops").get<double>(), 2.0 * 60 * 192 * 64);
    for (const char* key : {"name", "out", "in", "rows", "direction", "seconds", "flops_per_second", "of_compute_peak",
                            "of_dram_peak", "limit"})
      EXPECT_TRUE(linear.contains(key)) << key;
    EXPECT_EQ(report.at("decode").size(), 2u);
    EXPECT_EQ(report.at("decode").at(0).at("bytes"), report.at("decode").at(1).at("bytes"));
  }
}

TEST_F(Bench, CountsTheWorkOfAStep) {
  const json report = json::parse(
      succeeds({"bench", "--json", "--quick", "--shape", "tiny", "--layers", "3", "--tokens", "170", "--only", "step"})
          .out);
  for (const char* left_out : {"linears", "prompt", "decode"}) EXPECT_FALSE(report.contains(left_out)) << left_out;
  const json& step = report.at("step");
  EXPECT_EQ(step.at("sequences"), 2);
  const double layer = 2.0 * 64 * (192 + 64 + 256 + 256), head = 2.0 * 64 * 1024, attention = 2.0 * 64 * 85 * 86;
  EXPECT_DOUBLE_EQ(step.at("flops_per_token").get<double>() * 170,
                   170 * (2 * 3 * layer - 2.0 * 64 * 192) + 168 * 2 * head + 3 * 2 * 3 * attention);
}

TEST_F(Bench, Tables) {
  const std::string table =
      succeeds({"bench", "--quick", "--shape", "tiny", "--tokens", "85", "--only", "prompt,decode"}).out;
  for (const char* part : {"TFLOP/s", "GB/s", "prompt of 512", "batch 8"}) expect_contains(table, part);
  EXPECT_EQ(table.find("training step"), table.npos);
}

TEST_F(Bench, SaysWhatItCannotTake) {
  expect_message(run({"bench", "--only", "peaks,steps"}), 2, {"--only", "steps"});
  expect_message(run({"bench", "--shape", "huge"}), 2, {"--shape", "huge", "redpajama-3b"});
  expect_message(run({"bench", "--shape", "tiny", "--layers", "1"}), 2, {"--layers", "2 or more"});
  expect_message(run({"bench", "--tokens", "0"}), 2, {"--tokens"});
}

}  // namespace
}  // namespace aacft::testing
