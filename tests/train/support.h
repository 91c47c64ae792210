// What the tests of training share: tiny runs, and what they reported.
#pragma once

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/formats/json.h"
#include "aacft/formats/safetensors.h"
#include "aacft/train/trainer.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {

struct Recorded {
  RunInfo info;
  RunResult result;
  std::vector<StepReport> steps;
  std::vector<EvalReport> evaluations;
  std::vector<std::int64_t> saved;
  std::vector<std::string> warnings;

  std::vector<double> losses() const {
    std::vector<double> values;
    for (const StepReport& step : steps) values.push_back(step.loss);
    return values;
  }
};

// Trains; a run that is to be interrupted ends after the update number `stop_after`.
inline Recorded run(const TrainOptions& options, std::int64_t stop_after = 0) {
  Recorded recorded;
  TrainEvents events;
  events.start = [&](const RunInfo& info) { recorded.info = info; };
  events.step = [&](const StepReport& report) { recorded.steps.push_back(report); };
  events.evaluation = [&](const EvalReport& report) { recorded.evaluations.push_back(report); };
  events.saved = [&](const fs::path&, std::int64_t step) { recorded.saved.push_back(step); };
  events.warning = [&](const std::string& text) { recorded.warnings.push_back(text); };
  events.stop_requested = [&] { return !recorded.steps.empty() && recorded.steps.back().step == stop_after; };
  recorded.result = train(options, events);
  return recorded;
}

// A model of our own goldens, or of the shared ones of Llama's kin, which need not be there.
inline fs::path golden_model(const std::string& name) {
  const fs::path own = goldens_dir() / name;
  return fs::exists(own) ? own : shared_dir() / "goldens-llama" / name;
}

// A few updates of a golden model, with dropout and shuffling: some 20 ms each.
inline TrainOptions tiny(const fs::path& output, const std::string& model = "seq") {
  TrainOptions o;
  o.model = golden_model(model);
  o.data = goldens_dir() / "rows.jsonl";
  o.output = output;
  o.lora.alpha = 8;
  o.lora.dropout = 0.1;
  o.lora.target_modules = {"all-linear"};
  o.learning_rate = 0.01;
  o.warmup = 2;
  o.micro_batch = 3;
  o.accumulation = 2;
  o.max_steps = 8;
  o.save_steps = 0;
  return o;
}

// Four rows to overfit, four others to notice it.
inline TrainOptions overfitting(const fs::path& output, const fs::path& data_folder) {
  const std::string all = read_file(goldens_dir() / "rows.jsonl");
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1)
    lines.push_back(all.substr(at, all.find('\n', at) + 1 - at));
  write_text(data_folder / "few.jsonl", lines[0] + lines[1] + lines[2] + lines[3]);
  write_text(data_folder / "other.jsonl", lines[40] + lines[41] + lines[42] + lines[43]);
  TrainOptions o = tiny(output);
  o.data = data_folder / "few.jsonl";
  o.eval_data = data_folder / "other.jsonl";
  o.data_options.mask_prompt = true;
  o.micro_batch = 2;
  o.learning_rate = 0.05;
  o.schedule = Schedule::kConstant;
  o.max_steps = 24;
  o.eval_steps = 2;
  return o;
}

inline std::string adapter_bytes(const fs::path& folder) { return read_file(folder / "adapter_model.safetensors"); }

inline std::string weights_bytes(const TrainOptions& options) {
  return read_file(options.output / (options.full ? "model.safetensors" : "adapter_model.safetensors"));
}

// The evaluation loss of an adapter (or, where it is empty, of the model), found by a run that learns nothing.
inline double evaluated(TrainOptions options, const fs::path& model, const fs::path& adapter) {
  const TemporaryFolder folder;
  options.output = folder / "run";
  options.model = model;
  options.init_adapter = adapter;
  options.full = false;
  options.learning_rate = 0;
  options.max_steps = options.eval_steps = 1;
  options.keep_best = false;
  options.patience = 0;
  return run(options).evaluations.at(0).loss;
}

// metrics.jsonl without what depends on the clock, the machine and the memory.
inline std::vector<nlohmann::json> metrics(const fs::path& folder) {
  std::vector<nlohmann::json> lines;
  read_json_lines(
      read_file(folder / "metrics.jsonl"),
      [&](std::size_t, nlohmann::json line) {
        for (const char* key : {"tokens_per_second", "seconds", "passes", "rss_bytes", "peak_rss_bytes", "cpu_percent"})
          line.erase(key);
        lines.push_back(std::move(line));
      },
      [&](std::size_t line, const std::string& why) {
        ADD_FAILURE() << folder << " metrics line " << line << ": " << why;
      });
  return lines;
}

inline std::vector<float> floats(const TensorView& tensor) {
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), values.size() * sizeof(float));
  return values;
}

// ||a - b||; with b null, ||a||.
inline double distance(const TensorView& a, const TensorView* b) {
  const std::vector<float> x = floats(a), y = b != nullptr ? floats(*b) : std::vector<float>(x.size());
  EXPECT_EQ(x.size(), y.size()) << a.name;
  double sum = 0;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
    sum += (double{x[i]} - double{y[i]}) * (double{x[i]} - double{y[i]});
  return std::sqrt(sum);
}

// The largest ||a - b|| / ||b|| of the tensors of two files, which must have the same names.
inline double largest_deviation(const fs::path& a, const fs::path& b) {
  const SafetensorsFile left(a), right(b);
  EXPECT_EQ(left.tensors().size(), right.tensors().size());
  double largest = 0;
  for (const TensorView& expected : right.tensors()) {
    const TensorView* tensor = find(left.tensors(), expected.name);
    if (tensor == nullptr) {
      ADD_FAILURE() << expected.name << " is not in " << a;
      continue;
    }
    EXPECT_EQ(tensor->shape, expected.shape) << expected.name;
    largest = std::max(largest, distance(*tensor, &expected) / distance(expected, nullptr));
  }
  return largest;
}

}  // namespace aacft::testing
