#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/train/trainer.h"
#include "cli/commands.h"
#include "cli/run_report.h"
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
    std::optional<LiveReport> page;
    if (!flags.report.empty()) page.emplace(flags, [&](const std::string& message) { progress.warning(message); });
    events.start = [&](const RunInfo& info) {
      catch_signals();
      progress.start(info);
      if (page) page->start();
      nothing_left = info.steps_done >= info.total_steps;
      if (options.warmup >= info.total_steps && !nothing_left)
        progress.warning(fmt::format(
            "the warm-up of {} steps fills the whole run, so the learning rate never reaches --lr; see --warmup",
            options.warmup));
    };
    events.step = [&](const StepReport& report) {
      progress.step(report);
      if (page) page->step();
    };
    events.evaluation = [&](const EvalReport& report) {
      progress.evaluation(report);
      if (page) page->milestone();
    };
    events.saved = [&](const std::filesystem::path& path, std::int64_t step) {
      progress.saved(path, step);
      if (page) page->milestone();
    };
    if (page && flags.report_prompts > 0) {
      events.untrained = [&](const Model& model, const AdapterModules& adapter, const RunInput& input) {
        progress.note("letting the model answer prompts for the report");
        page->answer_before(model, adapter, input);
      };
      events.trained = [&](const Model& model, const AdapterModules& adapter, const RunInput& input) {
        page->answer_after(model, adapter, input);
      };
    }
    events.warning = [&](const std::string& message) { progress.warning(message); };
    events.stop_requested = [&] {
      catch_signals();  // of workers that report no start
      return stop_requested();
    };
    survive_closed_output();
    const RunResult result = trained(events, page);
    progress.clear();
    if (nothing_left) std::cout << "the run was finished already; a larger --max-steps or --epochs makes it go on\n";
    if (result.rank == 0) report(result);
    forget_output_errors();
    if (result.end == RunEnd::kInterrupted) end_stopped();
  }

  // Whatever happens, the page does not stay as if the run went on.
  RunResult trained(const TrainEvents& events, std::optional<LiveReport>& page) const {
    try {
      const RunResult result = train(flags.options, events);
      if (page) page->end();
      return result;
    } catch (...) {
      if (page) page->end();
      throw;
    }
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
