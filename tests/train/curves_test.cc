// Training curves of transformers + PEFT, step by step (tests/goldens/README.md says what they do).
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "train/support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

std::vector<std::string> tags(const fs::path& goldens) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(goldens)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("train-")) found.push_back(entry.path().stem().string().substr(6));
  }
  std::sort(found.begin(), found.end());
  return found;
}

TrainOptions options_of(const json& golden, const fs::path& goldens, const std::string& tag) {
  TrainOptions o;
  o.model = goldens / tag.substr(0, tag.find('-'));
  o.shuffle = false;
  o.save_steps = 0;
  o.lora.dropout = 0;
  o.data_options.mask_prompt = golden.at("mask_prompt");
  o.data_options.append_eos = golden.value("append_eos", false);
  o.loss_norm = golden.at("norm") == "token" ? LossNorm::kToken : LossNorm::kMicroBatch;
  o.learning_rate = golden.at("lr");
  o.warmup = golden.at("warmup");
  o.max_steps = golden.at("steps");
  o.micro_batch = golden.at("micro_batch");
  o.accumulation = golden.at("accumulation");
  const std::string schedule = golden.value("schedule", "linear");
  o.schedule = schedule == "cosine"     ? Schedule::kCosine
               : schedule == "constant" ? Schedule::kConstant
                                        : Schedule::kLinear;
  o.full = golden.value("full", false);
  if (!o.full) o.init_adapter = goldens / ("adapter-" + tag + "-init");
  return o;
}

void check_curve(const fs::path& goldens, const fs::path& rows, const std::string& tag, double tolerance) {
  SCOPED_TRACE(tag);
  const json golden = read_json_object(goldens / ("train-" + tag + ".json"));
  const TemporaryFolder folder;
  TrainOptions o = options_of(golden, goldens, tag);
  o.output = folder / "run";
  o.data = folder / "rows.jsonl";
  std::istringstream all(read_file(rows));
  std::string line, chosen;
  for (int i = 0; std::getline(all, line); ++i)
    if (i >= golden.at("rows")[0] && i < golden.at("rows")[1]) chosen += line + "\n";
  write_text(o.data, chosen);

  const Recorded recorded = run(o);
  ASSERT_EQ(recorded.steps.size(), golden.at("log").size());
  for (std::size_t i = 0; i < recorded.steps.size(); ++i) {
    const StepReport& step = recorded.steps[i];
    const json& expected = golden.at("log")[i];
    SCOPED_TRACE(expected.dump());
    EXPECT_EQ(step.step, expected.at("step").get<std::int64_t>());
    EXPECT_EQ(step.tokens, expected.at("tokens").get<std::int64_t>());
    EXPECT_NEAR(step.learning_rate, expected.at("lr").get<double>(), 1e-8 * o.learning_rate);
    const double loss = expected.at("loss"), norm = expected.at("grad_norm");
    EXPECT_NEAR(step.loss, loss, tolerance * loss);
    // Near a minimum the gradient is what is left when large terms cancel.
    EXPECT_NEAR(step.grad_norm, norm, tolerance * std::max(norm, 1.0));
  }

  if (o.full) {
    const SafetensorsFile before(o.model / "model.safetensors"), after(o.output / "model.safetensors");
    const json& moved = golden.at("moved");
    ASSERT_EQ(after.tensors().size(), moved.size());
    for (const TensorView& tensor : after.tensors()) {
      const double expected = moved.at(tensor.name);
      const double end = distance(tensor, find(before.tensors(), tensor.name));
      // Softmax cancels what a bias adds to all keys alike; AdamW takes steps of full size along what rounding leaves.
      const bool noisy = tensor.name.ends_with("query_key_value.bias");
      EXPECT_NEAR(end, expected, (noisy ? 3e-3 : 1e-4) * expected) << tensor.name;
    }
  } else {
    EXPECT_LT(largest_deviation(o.output / "adapter_model.safetensors",
                                goldens / ("adapter-" + tag) / "adapter_model.safetensors"),
              tolerance);
  }
}

class Curves : public ::testing::TestWithParam<std::string> {};

TEST_P(Curves, EqualPeft) { check_curve(goldens_dir(), goldens_dir() / "rows.jsonl", GetParam(), 1e-5); }

INSTANTIATE_TEST_SUITE_P(Own, Curves, ::testing::ValuesIn(tags(goldens_dir())), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

class CurvesOfTheTalksRows : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Shared, CurvesOfTheTalksRows, ::testing::Values("goldens", "goldens-llama"),
                         [](const auto& info) { return info.param == "goldens" ? "GptNeoX" : "Llama"; });

TEST_P(CurvesOfTheTalksRows, EqualPeft) {
  const fs::path goldens = shared_dir() / GetParam(), rows = shared_dir() / "data/aac-504.jsonl";
  if (!fs::exists(goldens) || !fs::exists(rows)) GTEST_SKIP() << shared_dir() << " is not there";
  ASSERT_FALSE(tags(goldens).empty());
  for (const std::string& tag : tags(goldens)) check_curve(goldens, rows, tag, 1e-4);
}

}  // namespace
}  // namespace aacft::testing
