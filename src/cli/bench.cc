#include "aacft/bench/bench.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/base/threads.h"
#include "aacft/kernels/peak.h"
#include "aacft/model/family.h"
#include "cli/bench_tables.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/options.h"

namespace aacft::cli {
namespace {

using nlohmann::json;

// What the machine could do, measured first.
struct Peaks {
  double fp32_flops = 0, bf16_flops = 0, dram = 0;
  double flops = 0;  // of the arithmetic that is measured
};

Peaks measure_peaks(Compute compute, bool quick) {
  const double seconds = quick ? 0.005 : 0.3;
  Peaks peaks;
  peaks.fp32_flops = peak_flops(isa(), Compute::kFp32, seconds);
  peaks.bf16_flops = isa() >= Isa::kAvx512Bf16 ? peak_flops(isa(), Compute::kBf16, seconds) : peaks.fp32_flops;
  peaks.flops = compute == Compute::kBf16 ? peaks.bf16_flops : peaks.fp32_flops;
  peaks.dram = dram_read_bytes_per_second(std::uint64_t{quick ? 32u : 4096u} << 20);
  return peaks;
}

// Whatever takes this much of both, and which of them it waits for: the one whose share is larger.
json against_peaks(double seconds, double flops, std::uint64_t bytes, const Peaks& peaks) {
  const double bytes_per_second = static_cast<double>(bytes) / seconds;
  const double of_compute = flops / seconds / peaks.flops, of_dram = bytes_per_second / peaks.dram;
  return {{"seconds", seconds},
          {"flops", flops},
          {"flops_per_second", flops / seconds},
          {"of_compute_peak", of_compute},
          {"bytes", bytes},
          {"bytes_per_second", bytes_per_second},
          {"of_dram_peak", of_dram},
          {"limit", of_compute >= of_dram ? "compute" : "memory"},
          {"of_limit", std::max(of_compute, of_dram)}};
}

json linears(const BenchOptions& options, const Peaks& peaks) {
  json all = json::array();
  for (const LinearTime& time : time_linears(options)) {
    json one = {{"name", time.name},
                {"out", time.out},
                {"in", time.in},
                {"rows", time.rows},
                {"direction", time.transposed ? "gradient" : "forward"}};
    one.update(against_peaks(time.seconds, time.flops, time.bytes, peaks));
    all.push_back(one);
  }
  return all;
}

json measured(const DepthSeconds& seconds) {
  return {{"1", seconds.one}, {std::to_string(seconds.layers), seconds.several}};
}

json step(const BenchOptions& options, const Peaks& peaks) {
  const StepTime time = time_step(options);
  const std::int64_t depth = options.config.num_layers;
  const auto tokens = static_cast<double>(time.tokens);
  const auto variant = [&](const DepthSeconds& at) {
    const double seconds = at.at(depth);
    return json{{"seconds", seconds},
                {"tokens_per_second", tokens / seconds},
                {"flops_per_second", time.flops / seconds},
                {"of_compute_peak", time.flops / seconds / peaks.flops},
                {"measured_seconds_by_layers", measured(at)}};
  };
  return {{"tokens", time.tokens},
          {"sequences", time.sequences},
          {"flops_per_token", time.flops / tokens},
          {"kept", variant(time.kept)},
          {"recomputed", variant(time.recomputed)},
          {"recomputed_over_kept", time.recomputed.at(depth) / time.kept.at(depth)},
          {"scaling",
           {{"layers", options.layers},
            {"threads", time.threads},
            {"one_thread_seconds", time.one_thread},
            {"all_threads_seconds", time.all_threads},
            {"speedup", time.one_thread / time.all_threads}}}};
}

json prompt(const BenchOptions& options, const Peaks& peaks) {
  const PromptTime time = time_prompt(options);
  const double seconds = time.seconds.at(options.config.num_layers);
  return {{"tokens", time.tokens},
          {"seconds", seconds},
          {"tokens_per_second", static_cast<double>(time.tokens) / seconds},
          {"flops_per_second", time.flops / seconds},
          {"of_compute_peak", time.flops / seconds / peaks.flops},
          {"measured_seconds_by_layers", measured(time.seconds)}};
}

json decode(const BenchOptions& options, const Peaks& peaks) {
  json all = json::array();
  double single = 0;
  for (const DecodeTime& time : time_decode(options, {1, 8})) {
    const double seconds = time.seconds.at(options.config.num_layers), rate = static_cast<double>(time.batch) / seconds;
    if (time.batch == 1) single = rate;
    json one = {{"batch", time.batch},
                {"tokens_per_second", rate},
                {"gain_over_batch_1", rate / single},
                {"measured_seconds_by_layers", measured(time.seconds)}};
    Peaks here = peaks;
    here.dram = static_cast<double>(time.bytes) / time.reading.at(options.config.num_layers);
    one.update(against_peaks(seconds, time.flops, time.bytes, here));
    one["dram_read_bytes_per_second"] = here.dram;
    all.push_back(one);
  }
  return all;
}

struct BenchCommand {
  std::string shape = "redpajama-3b";
  ModelFlags model_flags;
  BenchOptions options;
  int thread_count = 0;
  std::vector<std::string> only = {"peaks", "linears", "step", "prompt", "decode"};
  const std::vector<std::string> parts = only;
  bool quick = false, json_output = false;

  explicit BenchCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--shape", shape, shape_names());
    declared.add("--layers", options.layers,
                 "layers that are run, or all where the shape has fewer; seconds for its whole depth follow from 1 "
                 "layer and so many");
    model_flags.add_to(declared);
    declared.add("--tokens", options.tokens, "tokens of a training pass");
    declared.add("--threads", thread_count, "0: all cores");
    declared.add("--only", only, "what to measure, as a list; peaks come first in any case")->delimiter(',');
    declared.add("--quick", quick, "briefly and with less memory: to see that it works, not how fast");
    declared.add("--json", json_output, "the result as one object");
    command.footer(
        "FLOP counted for a training step: 2 x in x out a token for every linear, and as much for its input's gradient "
        "(which layer 0's q, k and v need\n"
        "not); the same for the head; in every layer 2 x heads x head_dim x n x (n + 1) for attention over a sequence "
        "of n "
        "tokens, and twice that for its gradient.");
  }

  bool wanted(const std::string& part) const { return std::find(only.begin(), only.end(), part) != only.end(); }

  void run() {
    for (const std::string& part : only)
      if (std::find(parts.begin(), parts.end(), part) == parts.end())
        throw UsageError("--only takes peaks, linears, step, prompt and decode, not ", part);
    options.config = shape_named(shape);
    options.model = with_defaults(model_flags.resolved());
    if (!options.model.base_weights) options.model.base_weights = WeightType::kFp16;  // as most checkpoints are stored
    if (options.layers < 2) throw UsageError("--layers must be 2 or more, not ", options.layers);
    options.layers = std::min(options.layers, options.config.num_layers);
    if (options.tokens < 1) throw UsageError("--tokens must be 1 or more, not ", options.tokens);
    if (quick) options.seconds = 0, options.rotated_bytes = 0;
    set_threads(thread_count);

    json report = {{"shape", shape},
                   {"layers", options.config.num_layers},
                   {"compute", options.model.compute == Compute::kBf16 ? "bf16" : "fp32"},
                   {"base_weights", weight_type_name(*options.model.base_weights)},
                   {"isa", isa_name(isa())},
                   {"cpu", cpu_model()},
                   {"threads", threads()}};
    const auto show = [&](std::string (*table)(const json&)) {
      if (!json_output) std::cout << table(report) << std::flush;
    };
    const Peaks peaks = measure_peaks(options.model.compute, quick);
    report["peaks"] = {{"fp32_flops_per_second", peaks.fp32_flops},
                       {"bf16_flops_per_second", peaks.bf16_flops},
                       {"compute_flops_per_second", peaks.flops},
                       {"dram_read_bytes_per_second", peaks.dram}};
    show(peaks_table);
    if (wanted("linears")) report["linears"] = linears(options, peaks), show(linears_table);
    if (wanted("step")) report["step"] = step(options, peaks), show(step_table);
    if (wanted("prompt")) report["prompt"] = prompt(options, peaks), show(prompt_table);
    if (wanted("decode")) report["decode"] = decode(options, peaks), show(decode_table);
    if (json_output) std::cout << report.dump() << "\n";
  }
};

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "bench", "Measure how fast a model of some shape is here, and how much of this machine's peak that is");
  auto bench_command = std::make_shared<BenchCommand>(*command);
  command->callback([bench_command] { bench_command->run(); });
}

}  // namespace aacft::cli
