#include "aacft/train/run_data.h"

#include <gtest/gtest.h>

#include <set>

#include "train/support.h"

namespace aacft::testing {
namespace {

std::set<std::size_t> lines_of(const std::vector<Sample>& samples) {
  std::set<std::size_t> lines;
  for (const Sample& sample : samples) lines.insert(sample.line);
  return lines;
}

TEST(RunData, SomeAreHeldOut) {
  TrainOptions o = tiny("");
  const RunInput all = read_run_input(o, {});
  EXPECT_EQ(all.data.samples.size(), 64u);
  EXPECT_TRUE(all.data.eval_samples.empty());
  EXPECT_EQ(all.stored, Dtype::kFloat32);
  std::set<std::set<std::size_t>> splits;
  for (const std::uint64_t seed : {1, 1, 2}) {
    o.seed = seed;
    o.eval_split = 0.25;
    const RunData data = read_run_input(o, {}).data;
    const auto kept = lines_of(data.samples), held_out = lines_of(data.eval_samples);
    EXPECT_EQ(kept.size(), 48u);
    EXPECT_EQ(held_out.size(), 16u);
    for (const std::size_t line : held_out) EXPECT_EQ(kept.count(line), 0u);
    EXPECT_EQ(data.longest(), all.data.longest());
    splits.insert(held_out);
  }
  EXPECT_EQ(splits.size(), 2u);
  o.eval_split = 1e-6;  // one at least
  EXPECT_EQ(read_run_input(o, {}).data.eval_samples.size(), 1u);
  o.eval_split = 0.999;
  expect_error([&] { read_run_input(o, {}); }, {"leaves no rows"}, "--eval-split");
}

TEST(RunData, OrHaveAFileOfTheirOwn) {
  const TemporaryFolder folder;
  TrainOptions o = tiny("");
  o.eval_data = folder / "eval.jsonl";
  const std::string rows = read_file(o.data);
  write_text(o.eval_data, rows.substr(0, rows.find('\n') + 1));
  const RunData data = read_run_input(o, {}).data;
  EXPECT_EQ(data.samples.size(), 64u);
  ASSERT_EQ(data.eval_samples.size(), 1u);
  EXPECT_EQ(data.eval_samples[0].ids, data.samples[0].ids);
  EXPECT_EQ(pointers_to(data.samples).at(5), &data.samples[5]);
  write_text(o.eval_data, "{\"txt\": \"\"}\n");
  expect_error([&] { read_run_input(o, {}); }, {"eval.jsonl:1"});
}

}  // namespace
}  // namespace aacft::testing
