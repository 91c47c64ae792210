#include "aacft/train/plan.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/bench/bench.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/train_options.h"

namespace aacft::cli {
namespace {

struct PlanCommand {
  TrainFlags flags;
  bool json_output = false, no_timing = false;

  explicit PlanCommand(CLI::App& command) : flags(command) {
    command.add_flag("--no-timing", no_timing, "leave the measurement of speed out")->group("Plan");
    command.add_flag("--json", json_output, "the forecast as one object")->group("Plan");
  }

  void run() {
    flags.resolve();
    const TrainOptions& options = flags.options;
    check_options(options);
    set_threads(options.threads);
    const RunForecast f = forecast(options, read_run_input(options, warn));
    // Full training takes another way, which is not measured.
    std::optional<double> seconds;
    if (!no_timing && !options.full) seconds = seconds_a_step(f);
    const double steps = static_cast<double>(f.total_steps);
    if (json_output) {
      nlohmann::json report = {{"rows", f.samples},
                               {"tokens", f.tokens},
                               {"steps", f.total_steps},
                               {"tokens_a_step", f.tokens_a_step},
                               {"computed_tokens_a_step", f.computed_a_step},
                               {"passes_a_step", f.passes_a_step},
                               {"largest_pass", f.largest_pass},
                               {"kept_layers", f.passes.kept_layers},
                               {"layers", f.config.num_layers},
                               {"program_bytes", f.program},
                               {"weight_bytes", f.footprint.weights + f.embeddings},
                               {"trained_bytes", f.footprint.trained},
                               {"activation_bytes", f.activations},
                               {"peak_bytes", f.peak()},
                               {"budget_bytes", f.budget},
                               {"fits", f.fits()},
                               {"disk_bytes", f.disk}};
      report["seconds_a_step"] = seconds ? nlohmann::json(*seconds) : nlohmann::json(nullptr);
      std::cout << report.dump() << "\n";
      return;
    }
    std::cout << fmt::format(
        "{} rows, {} tokens; {} steps of {:.0f} tokens, {:.0f} of them computed, in {:.1f} passes\n", f.samples,
        f.tokens, f.total_steps, f.tokens_a_step, f.computed_a_step, f.passes_a_step);
    std::cout << fmt::format(
        "memory  {} at its peak: weights {}, activations {} ({} of {} layers kept), adapter and optimizer {}, the "
        "program {}\n",
        human_bytes(f.peak()), human_bytes(f.footprint.weights + f.embeddings), human_bytes(f.activations),
        f.passes.kept_layers, f.config.num_layers, human_bytes(f.footprint.trained), human_bytes(f.program));
    std::cout << fmt::format("        {} are available{}\n", human_bytes(f.budget),
                             f.fits() ? "" : ": not enough: " + shortage(f));
    if (seconds)
      std::cout << fmt::format("time    {} a step, {} in all, evaluation not counted\n", human_seconds(*seconds),
                               human_seconds(*seconds * steps));
    std::cout << fmt::format("disk    {}\n", human_bytes(f.disk));
  }

  // From passes of the run's mean size over one and a few layers of this shape.
  double seconds_a_step(const RunForecast& f) const {
    BenchOptions bench;
    bench.config = f.config;
    bench.model = with_defaults(flags.options.model_options);
    if (!bench.model.base_weights) bench.model.base_weights = WeightType::kFp16;
    bench.tokens =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(f.computed_a_step / std::max(f.passes_a_step, 1.0)));
    bench.layers = std::clamp<std::int64_t>(f.config.num_layers, 2, bench.layers);
    bench.scaling = false;
    bench.typical = true;
    const StepTime time = time_step(bench);
    const double kept = static_cast<double>(f.passes.kept_layers) / static_cast<double>(f.config.num_layers);
    const double pass = kept * time.kept.at(f.config.num_layers) + (1 - kept) * time.recomputed.at(f.config.num_layers);
    return pass * f.passes_a_step;
  }
};

}  // namespace

void add_plan(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("plan", "Estimate the memory, time and disk of a training run; takes the options of train");
  auto plan_command = std::make_shared<PlanCommand>(*command);
  command->callback([plan_command] { plan_command->run(); });
}

}  // namespace aacft::cli
