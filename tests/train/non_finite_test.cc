// Losses and gradients that are not finite: found in the step that makes them, named, and never applied.
#include <gtest/gtest.h>

#include <algorithm>

#include "aacft/tokenizer/tokenizer.h"
#include "train/support.h"

namespace aacft::testing {
namespace {

// A golden model in which one token's embedding is so large that the norm of it overflows, and rows of which the last
// one holds that token.
struct Poisoned {
  TemporaryFolder folder;
  TrainOptions options;
  std::string line;  // of the row

  explicit Poisoned(const std::string& name = "run") {
    options = tiny(folder / name);
    fs::copy(options.model, folder / "model", fs::copy_options::recursive);
    const auto tokenizer = load_tokenizer(options.model);
    const std::string rows = read_file(options.data);
    std::vector<std::int32_t> others = tokenizer->encode(rows), ids = tokenizer->encode("\xe2\x98\x83");
    std::erase_if(ids, [&](std::int32_t id) { return std::find(others.begin(), others.end(), id) != others.end(); });
    if (ids.empty()) throw std::logic_error("every token is in the rows");

    const fs::path file = folder / "model" / "model.safetensors";
    const SafetensorsFile stored(options.model / "model.safetensors");
    std::vector<TensorView> tensors = stored.tensors();
    std::vector<float> embeddings;
    for (TensorView& tensor : tensors) {
      if (tensor.name != "gpt_neox.embed_in.weight") continue;
      embeddings = floats(tensor);
      const auto hidden = static_cast<std::ptrdiff_t>(tensor.shape[1]);
      std::fill_n(embeddings.begin() + ids.front() * hidden, hidden, 3e38f);
      tensor.bytes = std::as_bytes(std::span(embeddings));
    }
    fs::remove(file);
    write_safetensors(file, tensors);
    const auto last = std::count(rows.begin(), rows.end(), '\n') + 1;
    line = std::to_string(last);
    write_text(folder / "rows.jsonl", rows + "{\"text\": \"a snowman \xe2\x98\x83 is here\"}\n");
    options.model = folder / "model";
    options.data = folder / "rows.jsonl";
    // Ten epochs would meet the row ten times; one meets it once.
    options.max_steps = (last + 5) / 6;
    options.save_steps = 1;
    options.save_total_limit = 0;
  }
};

std::size_t count_with(const std::vector<std::string>& texts, const std::string& part) {
  return static_cast<std::size_t>(std::count_if(
      texts.begin(), texts.end(), [&](const std::string& t) { return t.find(part) != std::string::npos; }));
}

// "" where there is none.
std::string error_of(const TrainOptions& options) {
  try {
    run(options);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(NonFinite, StopNamesTheRowAndSavesWhatCameBefore) {
  for (const SharePrefixes share : {SharePrefixes::kOn, SharePrefixes::kOff}) {
    Poisoned poisoned;
    TrainOptions& o = poisoned.options;
    o.share_prefixes = share;
    o.save_steps = 0;
    const std::string message = error_of(o);
    EXPECT_NE(message.find("made so by line " + poisoned.line + " of "), std::string::npos) << message;
    EXPECT_NE(message.find("lora_"), std::string::npos) << message;
    ASSERT_NE(message.find("is saved"), std::string::npos) << message;
    // What is saved is the run up to that step.
    const auto step = std::stoll(message.substr(5)) - 1;
    ASSERT_GT(step, 0);
    const auto checkpoint = [](const fs::path& folder) { return folder / "checkpoints"; };
    TrainOptions healthy = o;
    healthy.output = poisoned.folder / "healthy";
    healthy.save_steps = 1;
    run(healthy, step);
    const auto name = fs::directory_iterator(checkpoint(o.output))->path().filename();
    for (const char* file : {"adapter_model.safetensors", "optimizer.safetensors", "state.json"})
      EXPECT_EQ(read_file(checkpoint(o.output) / name / file), read_file(checkpoint(healthy.output) / name / file))
          << file;
  }
}

TEST(NonFinite, SkipLeavesTheStepOut) {
  Poisoned poisoned;
  TrainOptions& o = poisoned.options;
  o.on_nan = OnNan::kSkip;
  o.schedule = Schedule::kConstant;
  const Recorded whole = run(o);
  EXPECT_EQ(count_with(whole.warnings, "made so by line " + poisoned.line + " of "), 1u);
  std::int64_t bad = 0;
  for (const StepReport& step : whole.steps) {
    EXPECT_EQ(step.skipped, !std::isfinite(step.loss)) << step.step;
    if (step.skipped) bad = step.step;
  }
  ASSERT_GT(bad, 1);
  char before[64], after[64];
  std::snprintf(before, sizeof before, "checkpoints/step-%08lld", static_cast<long long>(bad - 1));
  std::snprintf(after, sizeof after, "checkpoints/step-%08lld", static_cast<long long>(bad));
  const auto expect_unchanged = [&](const std::filesystem::path& run) {
    EXPECT_EQ(adapter_bytes(o.output / before), adapter_bytes(run / after));
    EXPECT_EQ(read_file(o.output / before / "optimizer.safetensors"), read_file(run / after / "optimizer.safetensors"));
  };
  const bool at_the_end = bad == o.max_steps;
  EXPECT_EQ(std::filesystem::exists(o.output / after), at_the_end);  // else there is nothing new to save
  if (at_the_end) expect_unchanged(o.output);
  const auto lines = metrics(o.output);
  EXPECT_TRUE(lines[static_cast<std::size_t>(bad - 1)].at("skipped"));
  EXPECT_TRUE(lines[static_cast<std::size_t>(bad - 1)].at("loss").is_null());

  // Stopped before and after it, the run ends the same: AdamW counts updates, not steps.
  for (const std::int64_t stop : {bad - 1, bad, bad + 1}) {
    if (stop >= o.max_steps) continue;
    TrainOptions parts = o;
    parts.output = poisoned.folder / ("parts-" + std::to_string(stop));
    run(parts, stop);
    if (stop == bad) expect_unchanged(parts.output);
    parts.resume = true;
    run(parts);
    EXPECT_EQ(adapter_bytes(parts.output), adapter_bytes(o.output)) << stop;
  }
}

TEST(NonFinite, AFirstStepThatIsSkippedCanBeResumed) {
  Poisoned poisoned;
  TrainOptions& o = poisoned.options;
  // The row alone, then nothing else: every step is bad.
  const std::string rows = read_file(o.data);
  write_text(o.data, rows.substr(rows.rfind('\n', rows.size() - 2) + 1));
  o.micro_batch = o.accumulation = 1;
  o.on_nan = OnNan::kSkip;
  o.max_steps = 4;
  run(o, 1);
  o.resume = true;
  const Recorded rest = run(o);
  EXPECT_EQ(rest.steps.size(), 3u);
  EXPECT_EQ(count_with(rest.warnings, "made so by line 1 of "), 3u);
  o.resume = false;
  o.output = poisoned.folder / "endless";
  o.max_steps = 50;
  EXPECT_THROW(run(o), Error);
}

// What a run that has diverged goes on with must not push out the checkpoints from before.
TEST(NonFinite, SkippingKeepsTheOlderCheckpoints) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.max_steps = 6;
  o.save_steps = o.save_total_limit = 2;
  run(o);
  o.resume = true;
  o.on_nan = OnNan::kSkip;
  o.learning_rate = 1e30;
  o.schedule = Schedule::kConstant;
  o.max_steps = 40;
  EXPECT_THROW(run(o), Error);
  EXPECT_TRUE(std::filesystem::exists(o.output / "checkpoints/step-00000006/state.json"));
  o.learning_rate = 1e-3;
  o.max_steps = 12;
  EXPECT_EQ(run(o).steps.back().step, 12);
}

TEST(NonFinite, ARunThatDivergesHasNoResult) {
  const TemporaryFolder folder;
  TrainOptions o = tiny(folder / "run");
  o.warmup = 0;
  o.learning_rate = 1e30;
  const std::string message = error_of(o);
  EXPECT_EQ(message.find("step 2: loss "), 0u) << message;
  EXPECT_FALSE(fs::exists(o.output / "adapter_model.safetensors"));
}

TEST(NonFinite, AnEvaluationThatOverflowsIsNeverTheBest) {
  Poisoned poisoned;
  TrainOptions& o = poisoned.options;
  const std::string rows = read_file(o.data);
  const std::size_t last = rows.rfind('\n', rows.size() - 2) + 1;
  write_text(poisoned.folder / "eval.jsonl", rows.substr(last));
  write_text(o.data, rows.substr(0, last));
  o.eval_data = poisoned.folder / "eval.jsonl";
  o.eval_steps = 1;
  o.max_steps = 2;
  o.keep_best = true;
  const Recorded recorded = run(o);
  EXPECT_EQ(recorded.evaluations.size(), 2u);
  EXPECT_FALSE(recorded.result.best_loss.has_value());
  EXPECT_EQ(count_with(recorded.warnings, "the evaluation loss is not finite"), 2u);
  EXPECT_FALSE(fs::exists(o.output / "best"));
}

}  // namespace
}  // namespace aacft::testing
