// What the folder of a run tells of it, at any time: its steps, its size, the prompts that the model answered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aacft/train/trainer.h"

namespace aacft {

struct RunData;

// A line of metrics.jsonl. What it lacks, and what was not finite, is NaN.
struct StepRecord {
  std::int64_t step = 0;
  double epoch = 0, loss = 0, learning_rate = 0, grad_norm = 0, tokens = 0, tokens_per_second = 0, seconds = 0,
         rss_bytes = 0, peak_rss_bytes = 0;
  bool skipped = false;
  bool evaluated = false;
  double eval_loss = 0;
};

nlohmann::json metrics_line(const StepReport& step, const std::optional<EvalReport>& evaluation);

// Steps ascending. Lines that are none, such as the last one of a run that is writing it, are left out; no file: no
// steps.
std::vector<StepRecord> read_metrics(const std::filesystem::path& run);

// What the folder's marker says of the run; nothing where an older aacft wrote it.
std::optional<RunInfo> read_run_info(const std::filesystem::path& run);
nlohmann::json to_json(const RunInfo& info);

// What the model makes of a sample's prompt, without and with what it learned.
struct TriedPrompt {
  std::string prompt, reference;
  std::optional<std::string> before, after;
  bool operator==(const TriedPrompt&) const = default;
};

// The first prompts of the held-out samples or, where there are none, of the training samples; each once. Reads the
// files again.
std::vector<TriedPrompt> prompts_to_try(const TrainOptions& options, const RunData& data, std::size_t count);

// samples.jsonl in the run's folder. Reading: Error for what is not such a file; nothing where there is none.
std::vector<TriedPrompt> read_tried_prompts(const std::filesystem::path& run);
void write_tried_prompts(const std::filesystem::path& run, const std::vector<TriedPrompt>& prompts);

}  // namespace aacft
