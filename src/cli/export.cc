#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/export/gguf_export.h"
#include "cli/commands.h"
#include "cli/defaults.h"
#include "cli/model_writing.h"
#include "cli/options.h"

namespace aacft::cli {
namespace {

struct ExportCommand {
  ExportOptions options;
  std::string type;
  bool json_output = false, check = false, no_check = false;

  explicit ExportCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--model", options.model,
                 "base model folder or GGUF file; otherwise AACFT_MODEL, or the adapter's base");
    declared.add("--adapter", options.adapter,
                 "adapter folder, folded in on the way; run, where there is one and no --model");
    using Format = ExportOptions::Format;
    declared.add_choice("--format", options.format,
                        {{"gguf", Format::kGguf}, {"gguf-lora", Format::kGgufLora}, {"ggml", Format::kGgml}},
                        "gguf: a model for llama.cpp; gguf-lora: the adapter alone, for its --lora; ggml: a GPT-NeoX "
                        "model for redpajama.cpp");
    declared.add("--type", type,
                 gguf_file_type_names() + "; of gguf-lora F32 or F16, of ggml F32, F16, Q4_0 or Q8_0; F16 otherwise");
    declared.add("--output,-o", options.output,
                 "the file, which must not exist yet; named by model and type otherwise");
    declared.add_size("--max-size", options.most_bytes, "write parts of at most this size, as 2G; 0: one file");
    declared.add("--requantize", options.requantize, "also from weights of fewer than 8 bits");
    declared.add("--check", check, "compare the file's logits with the source's afterwards; so by default below 1 GB");
    declared.add("--no-check", no_check, "leave that comparison out");
    declared.add("--prompt", options.prompts, "a prompt for it; may be repeated")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    declared.add("--threads", options.threads, "0: all cores");
    declared.add("--json", json_output, "the report as one object");
  }

  void choose() {
    if (options.model.empty() && options.adapter.empty() && default_run().empty())
      throw UsageError("nothing to export: there is no run here; say --adapter, or --model for a model alone");
    choose_model_and_adapter(options.model, options.adapter);
    if (check && no_check) throw UsageError("--check and --no-check contradict each other");
    if (check || no_check) options.check = check;
    if (!type.empty()) {
      const auto known = parse_gguf_file_type(type);
      if (!known) throw UsageError("--type must be ", gguf_file_type_names(), ", not ", type);
      options.type = *known;
    }
    if (!options.output.empty()) return;
    const std::string of_type = "-" + std::string(gguf_file_type_name(options.type));
    const bool lora = options.format == ExportOptions::Format::kGgufLora;
    options.output = (lora                      ? "adapter"
                      : options.adapter.empty() ? "model"
                                                : "merged") +
                     of_type + (options.format == ExportOptions::Format::kGgml ? ".bin" : ".gguf");
  }

  void run() {
    choose();
    const ExportReport report = export_model(options, write_events("writing"));
    if (json_output) print_json(report);
    else print(report);
  }

  void print_json(const ExportReport& report) const {
    nlohmann::json files = nlohmann::json::array();
    for (const auto& file : report.files) files.push_back(file.string());
    std::cout << nlohmann::json{{"files", files},
                                {"type", gguf_file_type_name(options.type)},
                                {"bytes", report.bytes},
                                {"tensors", report.tensors},
                                {"merged_tensors", report.merged_tensors},
                                {"seconds", report.seconds},
                                {"check_seconds", report.check_seconds},
                                {"max_logit_difference", number_or_null(report.max_logit_difference)},
                                {"mean_kl", number_or_null(report.mean_kl)},
                                {"max_kl", number_or_null(report.max_kl)},
                                {"peak_rss_bytes", report.peak_rss_bytes}}
                     .dump()
              << "\n";
  }

  void print(const ExportReport& report) const {
    const std::string file = report.files[0].string();
    const std::string parts = report.files.size() > 1 ? fmt::format(" and {} more", report.files.size() - 1) : "";
    std::cout << fmt::format("wrote {} tensors, {} of them merged, into {}{} ({}, {}) in {:.1f} s\n", report.tensors,
                             report.merged_tensors, file, parts, gguf_file_type_name(options.type),
                             human_bytes(report.bytes), report.seconds);
    if (report.max_logit_difference)
      std::cout << fmt::format(
          "against the source: largest difference of a logit {:.3g}, KL {:.3g} nats a token, {:.3g} at most\n",
          *report.max_logit_difference, *report.mean_kl, *report.max_kl);
    switch (options.format) {
      case ExportOptions::Format::kGguf:
        std::cout << fmt::format("next: llama-cli -m {} --prompt ...\n", for_shell(file));
        break;
      case ExportOptions::Format::kGgufLora:
        std::cout << fmt::format("next: llama-cli -m BASE.gguf --lora {} --prompt ...\n", for_shell(file));
        break;
      case ExportOptions::Format::kGgml:
        std::cout << fmt::format("next: redpajama-chat -m {}\n", for_shell(file));
        break;
    }
  }
};

}  // namespace

void add_export(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("export", "Write a model, or an adapter alone, for llama.cpp or redpajama.cpp");
  auto export_command = std::make_shared<ExportCommand>(*command);
  command->callback([export_command] { export_command->run(); });
}

}  // namespace aacft::cli
