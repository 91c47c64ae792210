#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/tasks/run_report.h"
#include "aacft/train/trainer.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "cli/train_options.h"
#include "cli/train_progress.h"

namespace aacft::cli {
namespace {

struct TrainCommand {
  TrainFlags flags;

  explicit TrainCommand(CLI::App& command) : flags(command) {
    command.footer(
        "Several machines train together when RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say so: "
        "docs/several-machines.md.");
  }

  void run() {
    flags.resolve();
    const TrainOptions& options = flags.options;
    TrainProgress progress(flags.log_steps);
    TrainEvents events;
    bool nothing_left = false;
    // Until the first step there is nothing to save, and a signal ends the process at once.
    bool caught = false;
    const auto catch_signals = [&] {
      if (!std::exchange(caught, true))
        catch_stop_signals("\naacft: stopping after this step; a second signal stops at once, without saving it\n");
    };
    events.start = [&](const RunInfo& info) {
      catch_signals();
      progress.start(info);
      nothing_left = info.steps_done >= info.total_steps;
      if (options.warmup >= info.total_steps && !nothing_left)
        progress.warning(fmt::format(
            "the warm-up of {} steps fills the whole run, so the learning rate never reaches --lr; see --warmup",
            options.warmup));
    };
    events.step = [&](const StepReport& report) { progress.step(report); };
    events.evaluation = [&](const EvalReport& report) { progress.evaluation(report); };
    events.saved = [&](const std::filesystem::path& path, std::int64_t step) { progress.saved(path, step); };
    if (!flags.report.empty() && flags.report_prompts > 0)
      events.untrained = [&](const Model&, const AdapterModules&, const RunInput&) {
        progress.note("letting the model answer prompts for the report");
      };
    events.warning = [&](const std::string& message) { progress.warning(message); };
    events.stop_requested = [&] {
      catch_signals();  // of workers that report no start
      return stop_requested();
    };
    survive_closed_output();
    const RunResult result = trained(events);
    progress.clear();
    if (nothing_left) std::cout << "the run was finished already; a larger --max-steps or --epochs makes it go on\n";
    if (result.rank == 0) report(result);
    forget_output_errors();
    if (result.end == RunEnd::kInterrupted) end_stopped();
  }

  RunResult trained(const TrainEvents& events) const {
    if (flags.report.empty()) return train(flags.options, events);
    return train_with_report(
        flags.options, events,
        {flags.report_file(), static_cast<std::size_t>(flags.report_prompts), changed_options(flags)});
  }

  void report(const RunResult& result) const {
    const TrainOptions& options = flags.options;
    const std::string folder = for_shell(options.output.string());
    if (result.end == RunEnd::kInterrupted && result.step == 0) {
      std::cout << "stopped before the first step; there is nothing to go on from\n";
      return;
    }
    if (result.end == RunEnd::kInterrupted) {
      std::cout << fmt::format("stopped after step {}, and saved; go on with: aacft train --resume {}\n", result.step,
                               folder);
      return;
    }
    if (result.end == RunEnd::kStoppedEarly)
      std::cout << fmt::format("stopped early after step {}: no improvement in {} evaluations\n", result.step,
                               options.patience);
    std::cout << fmt::format("finished step {} in {}; {} in {}\n", result.step, human_seconds(result.seconds),
                             options.full ? "the model is" : "the adapter is", folder);
    if (result.best_loss)
      std::cout << fmt::format("lowest evaluation loss {:.4f} at step {}\n", *result.best_loss, result.best_step);
    if (!flags.report.empty()) std::cout << "the report is " << flags.report_file().string() << "\n";
    std::cout << (options.full ? fmt::format("next: aacft generate --model {} --prompt ...\n", folder)
                               : fmt::format("next: aacft generate --model {} --adapter {} --prompt ...\n",
                                             for_shell(options.model.string()), folder));
  }
};

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Train a LoRA adapter (or, with --full, the whole model)");
  auto train_command = std::make_shared<TrainCommand>(*command);
  command->callback([train_command] { train_command->run(); });
}

}  // namespace aacft::cli
