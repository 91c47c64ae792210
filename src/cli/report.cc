#include <iostream>
#include <memory>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/threads.h"
#include "aacft/tasks/run_report.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/train_options.h"

namespace aacft::cli {
namespace {

// The options of a run that is in a folder.
struct RecordedFlags {
  CLI::App app;
  TrainFlags flags{app};

  explicit RecordedFlags(const std::filesystem::path& run) {
    const std::filesystem::path config = run / "config.toml";
    std::vector<std::string> reversed;
    for (const FileArgument& argument : arguments_of_file(app, config, {}, {}))
      reversed.insert(reversed.begin(), argument.argument);
    try {
      app.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
      throw Error(config, ": ", error.what());
    }
    flags.options.output = run;  // it may have been moved
    flags.resolve();
  }
};

bool is_running(const std::filesystem::path& run) {
  try {
    const FolderLock lock(run);
    return false;
  } catch (const Error&) {
    return true;
  }
}

struct ReportCommand {
  std::filesystem::path run_folder = "run", output;
  std::int64_t prompts = 0;

  explicit ReportCommand(CLI::App& command) {
    Options declared(command);
    command.add_option("run", run_folder, "the folder of a run, finished or not; run otherwise")->type_name("PATH");
    declared.add("--output,-o", output, "the page; report.html in that folder otherwise");
    declared.add("--prompts", prompts,
                 "let a finished run answer so many prompts, with and without what it learned; 0: show the answers "
                 "that are there");
  }

  void run() const {
    if (prompts < 0) throw UsageError("--prompts must not be negative");
    if (!output.empty()) require_html("--output", output);
    if (!std::filesystem::exists(run_folder / "aacft-run.json") || !std::filesystem::exists(run_folder / "config.toml"))
      throw Error(run_folder, " does not hold a training run");
    RecordedFlags recorded(run_folder);
    const bool running = is_running(run_folder);
    if (prompts > 0) answer(recorded.flags.options, running);
    const std::filesystem::path page = output.empty() ? run_folder / "report.html" : output;
    write_output(page, report_page(describe_run(recorded.flags.options, changed_options(recorded.flags), running)));
    std::cout << "the report is " << page.string() << "\n";
  }

  void answer(const TrainOptions& options, bool running) const {
    const bool finished =
        std::filesystem::exists(run_folder / (options.full ? "model.safetensors" : "adapter_model.safetensors"));
    if (running || !finished)
      throw Error("--prompts needs a finished run; ", run_folder,
                  running ? " is being trained"
                          : " can be finished with: aacft train --resume " + for_shell(run_folder.string()));
    set_threads(options.threads);
    catch_stop_signals();
    if (!answer_prompts(options, static_cast<std::size_t>(prompts), stop_requested, warn)) end_stopped();
  }
};

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("report", "Make a page about a training run: its curves, and answers before and after");
  auto report_command = std::make_shared<ReportCommand>(*command);
  command->callback([report_command] { report_command->run(); });
}

}  // namespace aacft::cli
