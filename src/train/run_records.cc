#include "aacft/train/run_records.h"

#include <algorithm>
#include <limits>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/data/rows.h"
#include "aacft/formats/json.h"
#include "aacft/train/run_data.h"

namespace aacft {
namespace {

using nlohmann::json;

constexpr const char* kSamples = "samples.jsonl";

double number(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::int64_t whole(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::optional<std::string> text(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

}  // namespace

json metrics_line(const StepReport& r, const std::optional<EvalReport>& evaluation) {
  json line = {{"step", r.step},
               {"epoch", r.epoch},
               {"loss", r.loss},
               {"learning_rate", r.learning_rate},
               {"grad_norm", r.grad_norm},
               {"tokens", r.tokens},
               {"tokens_per_second", r.tokens_per_second},
               {"seconds", r.seconds},
               {"passes", r.passes},
               {"rss_bytes", r.rss_bytes},
               {"peak_rss_bytes", r.peak_rss_bytes},
               {"cpu_percent", r.cpu_percent}};
  if (r.communication_seconds) line["communication_seconds"] = *r.communication_seconds;
  if (r.skipped) line["skipped"] = true;
  if (evaluation) line["eval_loss"] = evaluation->loss;
  return line;
}

std::vector<StepRecord> read_metrics(const std::filesystem::path& run) {
  std::vector<StepRecord> steps;
  if (!fs::exists(run / "metrics.jsonl")) return steps;
  const auto add = [&](std::size_t, const json& line) {
    StepRecord s;
    s.step = whole(line, "step");
    if (s.step <= (steps.empty() ? 0 : steps.back().step)) return;
    s.epoch = number(line, "epoch"), s.loss = number(line, "loss"), s.learning_rate = number(line, "learning_rate"),
    s.grad_norm = number(line, "grad_norm");
    s.tokens = number(line, "tokens"), s.tokens_per_second = number(line, "tokens_per_second"),
    s.seconds = number(line, "seconds");
    s.rss_bytes = number(line, "rss_bytes"), s.peak_rss_bytes = number(line, "peak_rss_bytes");
    s.skipped = line.contains("skipped") && line["skipped"] == true;
    s.evaluated = line.contains("eval_loss");
    s.eval_loss = number(line, "eval_loss");
    steps.push_back(s);
  };
  read_json_lines(read_file(run / "metrics.jsonl"), add, [](std::size_t, const std::string&) {});
  return steps;
}

json to_json(const RunInfo& info) {
  return {{"rows", info.samples},
          {"eval_rows", info.eval_samples},
          {"trained_parameters", info.trained_parameters},
          {"model_parameters", info.model_parameters},
          {"total_steps", info.total_steps},
          {"workers", info.workers}};
}

std::optional<RunInfo> read_run_info(const std::filesystem::path& run) {
  const json marker = read_json_object(run / "aacft-run.json");
  const auto found = marker.find("run");
  if (found == marker.end() || !found->is_object()) return {};
  RunInfo info;
  info.samples = static_cast<std::size_t>(std::max<std::int64_t>(whole(*found, "rows"), 0));
  info.eval_samples = static_cast<std::size_t>(std::max<std::int64_t>(whole(*found, "eval_rows"), 0));
  info.trained_parameters = whole(*found, "trained_parameters");
  info.model_parameters = whole(*found, "model_parameters");
  info.total_steps = whole(*found, "total_steps");
  info.workers = static_cast<int>(std::clamp<std::int64_t>(whole(*found, "workers"), 1, 1 << 20));
  return info;
}

std::vector<TriedPrompt> prompts_to_try(const TrainOptions& options, const RunData& data, std::size_t count) {
  const bool held_out = !data.eval_samples.empty();
  std::set<std::size_t> lines;
  for (const Sample& sample : held_out ? data.eval_samples : data.samples) lines.insert(sample.line);
  std::vector<TriedPrompt> chosen;
  const auto add = [&](std::size_t number, const json& row) {
    if (chosen.size() >= count || lines.count(number) == 0) return;
    const std::string prompt = prompt_of(row, options.data_options), whole = row_text(row, options.data_options).text;
    const auto same = [&](const TriedPrompt& other) { return other.prompt == prompt; };
    if (prompt.empty() || std::any_of(chosen.begin(), chosen.end(), same)) return;
    chosen.push_back({prompt, whole.starts_with(prompt) ? whole.substr(prompt.size()) : "", {}, {}});
  };
  const fs::path& file = held_out && !options.eval_data.empty() ? options.eval_data : options.data;
  read_json_lines(read_file(file), add, [](std::size_t, const std::string&) {});  // bad rows are no news
  return chosen;
}

std::vector<TriedPrompt> read_tried_prompts(const std::filesystem::path& run) {
  std::vector<TriedPrompt> tried;
  const fs::path file = run / kSamples;
  if (!fs::exists(file)) return tried;
  const auto refuse = [&](std::size_t line, const std::string& why) { throw Error(file, ":", line, ": ", why); };
  const auto add = [&](std::size_t line, const json& row) {
    const auto prompt = text(row, "prompt");
    if (!prompt) refuse(line, "\"prompt\" is missing");
    tried.push_back({*prompt, text(row, "reference").value_or(""), text(row, "before"), text(row, "after")});
  };
  read_json_lines(read_file(file), add, refuse);
  return tried;
}

void write_tried_prompts(const std::filesystem::path& run, const std::vector<TriedPrompt>& prompts) {
  std::string lines;
  for (const TriedPrompt& tried : prompts) {
    json line = {{"prompt", tried.prompt}, {"reference", tried.reference}};
    if (tried.before) line["before"] = *tried.before;
    if (tried.after) line["after"] = *tried.after;
    lines += line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  }
  write_file_atomic(run / kSamples, lines);
}

}  // namespace aacft
