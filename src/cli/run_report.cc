#include "cli/run_report.h"

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/boards/icon.h"
#include "aacft/data/turns.h"
#include "aacft/generate/answer_text.h"
#include "aacft/runtime/loaded_model.h"
#include "aacft/train/run_data.h"
#include "cli/commands.h"
#include "cli/signals.h"

namespace aacft::cli {
namespace {

constexpr double kSecondsBetween = 30;  // of pages that no evaluation or checkpoint asks for
constexpr double kMostShare = 0.02;     // of the time, for writing pages

std::filesystem::path whole_path(const std::filesystem::path& path) {
  std::filesystem::path normal = std::filesystem::absolute(path).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

// Icons as their words, other prompts without the names of the speakers.
std::string shown_prompt(const std::string& prompt) {
  try {
    std::string words;
    for (const Icon& icon : icons_of_prompt(prompt)) words += (words.empty() ? "" : " · ") + icon.word;
    if (!words.empty()) return words;
  } catch (const Error&) {}
  std::string text(trimmed(prompt));
  if (text.starts_with(kHumanTurn)) text = std::string(trimmed(text.substr(kHumanTurn.size())));
  if (text.ends_with(kBotTurn)) text = std::string(trimmed(text.substr(0, text.size() - kBotTurn.size())));
  return text.empty() ? prompt : text;
}

std::vector<std::pair<std::string, std::string>> key_values(const Options& declared) {
  std::vector<std::pair<std::string, std::string>> pairs;
  std::istringstream lines(declared.toml());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(" = ");
    pairs.emplace_back(line.substr(0, at), line.substr(at + 3));
  }
  return pairs;
}

// But those that the page shows elsewhere.
std::vector<RunReport::Option> changed_options(const Options& declared) {
  CLI::App app;
  const TrainFlags usual(app);
  std::map<std::string, std::string> defaults;
  for (const auto& [key, value] : key_values(usual.declared)) defaults[key] = value;
  std::vector<RunReport::Option> changed;
  for (const auto& [key, value] : key_values(declared)) {
    if (key == "model" || key == "data" || key == "output" || key == "overwrite" || key == "report" ||
        key == "report-prompts")
      continue;
    if (value != defaults[key]) changed.push_back({key, value, defaults[key]});
  }
  return changed;
}

RunStatus status_of(const TrainOptions& options, const std::optional<RunInfo>& info,
                    const std::vector<StepRecord>& steps, bool running) {
  if (running) return RunStatus::kRunning;
  const bool result =
      std::filesystem::exists(options.output / (options.full ? "model.safetensors" : "adapter_model.safetensors"));
  if (!result) return RunStatus::kInterrupted;
  if (!info || steps.empty() || steps.back().step >= info->total_steps) return RunStatus::kFinished;
  return options.patience > 0 ? RunStatus::kStoppedEarly : RunStatus::kInterrupted;  // with the result of a shorter run
}

std::vector<std::pair<std::string, std::string>> next_commands(const TrainOptions& options, RunStatus status) {
  const std::string run = for_shell(whole_path(options.output).string()),
                    model = for_shell(whole_path(options.model).string());
  const std::string rows = for_shell(whole_path(options.eval_data.empty() ? options.data : options.eval_data).string());
  if (status == RunStatus::kRunning) return {};
  if (status == RunStatus::kInterrupted) return {{"Go on with it:", "aacft train --resume " + run}};
  if (options.full) return {{"Let it answer prompts:", "aacft generate --model " + run + " --data " + rows}};
  const std::string merged = for_shell(whole_path(options.output).string() + "-merged");
  return {{"Let it answer prompts:", "aacft generate --model " + model + " --adapter " + run + " --data " + rows},
          {"Make one model of the base and what it learned:",
           "aacft merge --model " + model + " --adapter " + run + " --output " + merged}};
}

// What another run of the command, with the same rows, has found already.
bool same_prompts(const std::vector<TriedPrompt>& known, const std::vector<TriedPrompt>& wanted) {
  return std::equal(known.begin(), known.end(), wanted.begin(), wanted.end(),
                    [](const TriedPrompt& a, const TriedPrompt& b) {
                      return a.prompt == b.prompt && a.reference == b.reference && a.before;
                    });
}

Generator generator_of(const Model& model, const AdapterModules& adapter, const RunInput& input) {
  return [&](const std::vector<std::string>& prompts, const GenerateOptions& options, const GenerateEvents& events) {
    LoadedModel lent(model, *input.tokenizer, adapter);
    generate(lent, "", prompts, options, events);
  };
}

}  // namespace

std::vector<std::string> greedy_answers(const std::vector<TriedPrompt>& prompts, const Generator& generator) {
  std::vector<std::string> texts, answers;
  for (const TriedPrompt& tried : prompts) texts.push_back(tried.prompt);
  GenerateEvents events;
  events.done = [&](std::size_t, const Generation& generation) { answers.emplace_back(trimmed(generation.text)); };
  events.stop_requested = stop_requested;
  generator(texts, {}, events);
  if (answers.size() < prompts.size()) answers.clear();
  return answers;
}

std::vector<TriedPrompt> prompts_for_report(const TrainFlags& flags, const RunData& data) {
  auto prompts = prompts_to_try(flags.options, data, static_cast<std::size_t>(flags.report_prompts));
  for (TriedPrompt& tried : prompts)
    tried.reference =
        std::string(trimmed(tried.reference.substr(0, certain_text(tried.reference, GenerateOptions().stop).length)));
  return prompts;
}

RunReport describe_run(const TrainFlags& flags, bool running) {
  const TrainOptions& options = flags.options;
  RunReport report;
  report.name = whole_path(options.output).filename().string();
  report.written = utc_now().substr(0, 10) + " " + utc_now().substr(11, 8) + " UTC";
  report.info = read_run_info(options.output);
  report.steps = read_metrics(options.output);
  report.status = status_of(options, report.info, report.steps, running);
  report.total_steps = report.info ? report.info->total_steps : options.epochs > 0 ? 0 : options.max_steps;
  report.facts = {{"Model", whole_path(options.model).filename().string()},
                  {"Data", options.data.filename().string()},
                  {"Seed", std::to_string(options.seed)}};
  report.tried = read_tried_prompts(options.output);
  for (TriedPrompt& tried : report.tried) tried.prompt = shown_prompt(tried.prompt);
  report.options = changed_options(flags.declared);
  report.next = next_commands(options, report.status);
  return report;
}

void LiveReport::answer_before(const Model& model, const AdapterModules& adapter, const RunInput& input) {
  attempt([&] {
    auto prompts = prompts_for_report(flags_, input.data);
    if (auto known = read_tried_prompts(flags_.options.output); same_prompts(known, prompts)) {
      prompts = std::move(known);
    } else {
      const auto answers = greedy_answers(prompts, generator_of(model, adapter, input));
      for (std::size_t i = 0; i < answers.size(); ++i) prompts[i].before = answers[i];
    }
    for (TriedPrompt& tried : prompts) tried.after.reset();
    write_tried_prompts(flags_.options.output, prompts);
  });
}

void LiveReport::answer_after(const Model& model, const AdapterModules& adapter, const RunInput& input) {
  attempt([&] {
    auto prompts = read_tried_prompts(flags_.options.output);
    const auto answers = greedy_answers(prompts, generator_of(model, adapter, input));
    for (std::size_t i = 0; i < answers.size(); ++i) prompts[i].after = answers[i];
    write_tried_prompts(flags_.options.output, prompts);
  });
}

void LiveReport::start() {
  started_ = true;
  attempt([&] { write(true); });
}

void LiveReport::end() {
  if (started_) attempt([&] { write(false); });  // else another run may be in the folder
}

void LiveReport::write(bool running) {
  const double started = wall_seconds();
  write_file_atomic(flags_.report_file(), report_page(describe_run(flags_, running)));
  written_ = wall_seconds();
  took_ = written_ - started;
  failed_ = false;
}

void LiveReport::write_if_due(bool milestone) {
  const double since = wall_seconds() - written_;
  if (since < took_ / kMostShare || (!milestone && since < kSecondsBetween)) return;
  attempt([&] { write(true); });
}

void LiveReport::attempt(const std::function<void()>& what) {
  try {
    what();
  } catch (const std::exception& error) {
    if (!failed_)
      warn_("the report could not be made: " + std::string(error.what()) + "; the run itself is not touched by that");
    failed_ = true;
    written_ = wall_seconds();
  }
}

}  // namespace aacft::cli
