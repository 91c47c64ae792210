#include "aacft/tasks/run_report.h"

#include <algorithm>
#include <exception>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/boards/icon.h"
#include "aacft/data/turns.h"
#include "aacft/generate/answer_text.h"
#include "aacft/generate/generator.h"
#include "aacft/runtime/loaded_model.h"
#include "aacft/train/run_data.h"

namespace aacft {
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

// The greedy answers of a model with one of its adapters; none where a stop cut them short.
std::vector<std::string> greedy_answers(const LoadedModel& model, const std::string& adapter,
                                        const std::vector<TriedPrompt>& prompts,
                                        const std::function<bool()>& stop_requested) {
  std::vector<std::string> texts, answers;
  for (const TriedPrompt& tried : prompts) texts.push_back(tried.prompt);
  GenerateEvents events;
  events.done = [&](std::size_t, const Generation& generation) { answers.emplace_back(trimmed(generation.text)); };
  events.stop_requested = stop_requested;
  generate(model, adapter, texts, {}, events);
  if (answers.size() < prompts.size()) answers.clear();
  return answers;
}

// With references that end where an answer would.
std::vector<TriedPrompt> prompts_for_report(const TrainOptions& options, const RunData& data, std::size_t count) {
  auto prompts = prompts_to_try(options, data, count);
  for (TriedPrompt& tried : prompts)
    tried.reference =
        std::string(trimmed(tried.reference.substr(0, certain_text(tried.reference, GenerateOptions().stop).length)));
  return prompts;
}

class LiveReport {
 public:
  LiveReport(const TrainOptions& run, const TrainEvents& told, const LiveReportOptions& options)
      : run_(run), told_(told), options_(options) {}

  // Those of the run, which keep the page as well; they live no longer than this.
  TrainEvents events();
  void end() {
    if (started_) attempt([&] { write(false); });  // else another run may be in the folder
  }

 private:
  void answer_before(const Model& model, const AdapterModules& adapter,
                     const RunInput& input);  // kept for a run that is resumed
  void answer_after(const Model& model, const AdapterModules& adapter, const RunInput& input);
  void attempt(const std::function<void()>& what);
  void write(bool running);
  void write_if_due(bool milestone);

  const TrainOptions& run_;
  const TrainEvents& told_;
  const LiveReportOptions& options_;
  bool started_ = false, failed_ = false;
  double written_ = 0, took_ = 0;  // when, and for how long, in seconds
};

TrainEvents LiveReport::events() {
  TrainEvents events = told_;
  events.start = [this](const RunInfo& info) {
    if (told_.start) told_.start(info);
    started_ = true;
    attempt([&] { write(true); });
  };
  events.step = [this](const StepReport& step) {
    if (told_.step) told_.step(step);
    write_if_due(false);
  };
  events.evaluation = [this](const EvalReport& evaluation) {
    if (told_.evaluation) told_.evaluation(evaluation);
    write_if_due(true);
  };
  events.saved = [this](const std::filesystem::path& path, std::int64_t step) {
    if (told_.saved) told_.saved(path, step);
    write_if_due(true);
  };
  if (options_.prompts == 0) return events;
  events.untrained = [this](const Model& model, const AdapterModules& adapter, const RunInput& input) {
    if (told_.untrained) told_.untrained(model, adapter, input);
    attempt([&] { answer_before(model, adapter, input); });
  };
  events.trained = [this](const Model& model, const AdapterModules& adapter, const RunInput& input) {
    if (told_.trained) told_.trained(model, adapter, input);
    attempt([&] { answer_after(model, adapter, input); });
  };
  return events;
}

void LiveReport::answer_before(const Model& model, const AdapterModules& adapter, const RunInput& input) {
  auto prompts = prompts_for_report(run_, input.data, options_.prompts);
  if (auto known = read_tried_prompts(run_.output); same_prompts(known, prompts)) {
    prompts = std::move(known);
  } else {
    LoadedModel lent(model, *input.tokenizer, adapter);
    const auto answers = greedy_answers(lent, "", prompts, {});  // a stop ends the process: nothing is lost yet
    for (std::size_t i = 0; i < answers.size(); ++i) prompts[i].before = answers[i];
  }
  for (TriedPrompt& tried : prompts) tried.after.reset();
  write_tried_prompts(run_.output, prompts);
}

void LiveReport::answer_after(const Model& model, const AdapterModules& adapter, const RunInput& input) {
  auto prompts = read_tried_prompts(run_.output);
  LoadedModel lent(model, *input.tokenizer, adapter);
  const auto answers = greedy_answers(lent, "", prompts, told_.stop_requested);
  for (std::size_t i = 0; i < answers.size(); ++i) prompts[i].after = answers[i];
  write_tried_prompts(run_.output, prompts);
}

void LiveReport::write(bool running) {
  const double started = wall_seconds();
  write_file_atomic(options_.page, report_page(describe_run(run_, options_.changed, running)));
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
    if (!failed_ && told_.warning)
      told_.warning("the report could not be made: " + std::string(error.what()) +
                    "; the run itself is not touched by that");
    failed_ = true;
    written_ = wall_seconds();
  }
}

}  // namespace

RunReport describe_run(const TrainOptions& options, const std::vector<RunReport::Option>& changed, bool running) {
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
  report.options = changed;
  report.next = next_commands(options, report.status);
  return report;
}

bool answer_prompts(const TrainOptions& options, std::size_t count, const std::function<bool()>& stop_requested,
                    const Warn& warn) {
  auto tried = prompts_for_report(options, read_run_input(options, warn).data, count);
  const auto stopped = [&] { return stop_requested && stop_requested(); };
  std::optional<LoadedModel> model(std::in_place, options.model, options.model_options, warn);
  const auto before = greedy_answers(*model, "", tried, stop_requested);
  if (stopped()) return false;
  if (options.full) {
    model.reset();  // one at a time in memory
    model.emplace(options.output, options.model_options, warn);
  } else {
    model->attach("trained", options.output, warn);
  }
  const auto after = greedy_answers(*model, options.full ? "" : "trained", tried, stop_requested);
  if (stopped()) return false;
  for (std::size_t i = 0; i < tried.size(); ++i) tried[i].before = before[i], tried[i].after = after[i];
  write_tried_prompts(options.output, tried);
  return true;
}

RunResult train_with_report(const TrainOptions& options, const TrainEvents& events, const LiveReportOptions& report) {
  LiveReport page(options, events, report);
  try {
    const RunResult result = train(options, page.events());
    page.end();
    return result;
  } catch (...) {
    page.end();
    throw;
  }
}

}  // namespace aacft
