#include "aacft/export/merge.h"

#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "cli/commands.h"
#include "cli/defaults.h"
#include "cli/model_writing.h"
#include "cli/options.h"

namespace aacft::cli {
namespace {

struct MergeCommand {
  MergeOptions options;
  std::string dtype;
  bool json_output = false, no_check = false;

  explicit MergeCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--model", options.model,
                 "base model folder or GGUF file; otherwise AACFT_MODEL, or the adapter's base");
    declared.add("--adapter", options.adapter,
                 "adapter folder; run, where there is one and no --model; without one, the base alone is written, in "
                 "another --dtype or --max-shard-size");
    declared.add("--output,-o", options.output,
                 "folder for the merged model, which must not exist yet; merged otherwise");
    declared.add("--dtype", dtype, "fp32, fp16 or bf16; as the base is stored otherwise");
    declared.add_size("--max-shard-size", options.max_shard_bytes, "size of a file at most, as 5G");
    declared.add("--also-delta", options.also_delta,
                 "also write delta.safetensors: merged minus base, of the adapted weights alone");
    declared.add("--prompt", options.prompts, "a prompt for the comparison of logits afterwards; may be repeated")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    declared.add("--no-check", no_check, "leave that comparison out");
    declared.add("--threads", options.threads, "0: all cores");
    declared.add("--json", json_output, "the report as one object");
  }

  void run() {
    if (options.model.empty() && options.adapter.empty() && default_run().empty())
      throw UsageError("nothing to merge: there is no run here; say --adapter, or --model for a model alone");
    choose_model_and_adapter(options.model, options.adapter);
    if (options.output.empty()) options.output = "merged";
    if (options.adapter.empty() && options.also_delta) throw UsageError("--also-delta needs an --adapter");
    if (!dtype.empty()) {
      options.dtype = parse_dtype(dtype);
      if (!options.dtype || !is_weight_dtype(*options.dtype))
        throw UsageError("--dtype must be fp32, fp16 or bf16, not ", dtype);
    }
    options.check = !no_check;
    const MergeReport report = merge(options, write_events("merging"));
    if (json_output) {
      std::cout << nlohmann::json{{"output", options.output.string()},
                                  {"dtype", dtype_name(report.dtype)},
                                  {"bytes", report.bytes},
                                  {"tensors", report.tensors},
                                  {"merged_tensors", report.merged_tensors},
                                  {"seconds", report.seconds},
                                  {"check_seconds", report.check_seconds},
                                  {"max_logit_difference", number_or_null(report.max_logit_difference)},
                                  {"mean_kl", number_or_null(report.mean_kl)},
                                  {"peak_rss_bytes", report.peak_rss_bytes}}
                       .dump()
                << "\n";
      return;
    }
    const bool alone = options.adapter.empty();
    const std::string what = alone ? fmt::format("wrote {}", report.tensors)
                                   : fmt::format("merged {} of {}", report.merged_tensors, report.tensors);
    std::cout << fmt::format("{} tensors into {} ({}, {}) in {:.1f} s\n", what, options.output.string(),
                             dtype_name(report.dtype), human_bytes(report.bytes), report.seconds);
    if (report.max_logit_difference)
      std::cout << fmt::format("against {}: largest difference of a logit {:.3g}, KL {:.3g} nats a token\n",
                               alone ? "the base" : "base + adapter", *report.max_logit_difference, *report.mean_kl);
    std::cout << fmt::format("next: aacft generate --model {} --prompt ...\n", for_shell(options.output.string()));
  }
};

}  // namespace

void add_merge(CLI::App& app) {
  CLI::App* command = app.add_subcommand("merge", "Fold an adapter into its base model: a complete model folder");
  auto merge_command = std::make_shared<MergeCommand>(*command);
  command->callback([merge_command] { merge_command->run(); });
}

}  // namespace aacft::cli
