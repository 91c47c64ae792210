#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/threads.h"
#include "aacft/evaluate/evaluate.h"
#include "cli/candidate_options.h"
#include "cli/commands.h"
#include "cli/comparison_text.h"
#include "cli/defaults.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/row_options.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

// On a terminal a line that tells how far a system is, and goes away again.
struct Progress {
  const bool live = ::isatty(STDERR_FILENO) == 1;

  void show(const std::string& text) const {
    if (live) std::cerr << "\r\x1b[K" << text << std::flush;
  }
  ~Progress() { show(""); }
};

// The loss of a model on rows, or, where more is asked for, a comparison of systems by what they answer.
struct EvalCommand {
  ComparisonOptions options;
  std::filesystem::path page;
  std::string chat_style;
  ModelFlags model_flags;
  int thread_count = 0;
  bool json_output = false, by_row = false, compare = false;

  explicit EvalCommand(CLI::App& command) {
    Options declared(command);
    const auto repeated = [](CLI::Option* option) {
      return option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
    };
    declared.group("Model");
    declared.add("--model", options.model,
                 "model folder or GGUF file; otherwise AACFT_MODEL, the adapter's base, or a small one");
    repeated(
        declared.add(
            "--adapter,--adapter-path", options.adapters,
            "adapter folder to use with it, as it is; several are compared; run, where there is one and no --model"))
        ->type_name("PATH");
    declared.add("--threads", thread_count, "0: all cores");
    model_flags.add_to(declared);
    declared.group("Rows");
    declared.add("--data", options.data, "JSON Lines: {\"text\"}, {\"prompt\", \"completion\"} or {\"messages\"}");
    add_row_options(declared, options.rows, chat_style);
    // Each of the first five asks for a comparison.
    declared.group(
        "Comparison: answers beside references (chrF, BLEU, exact match, icons used), perplexity of the references");
    declared.add("--compare", compare, "answer the prompts and compare, also with one system alone");
    repeated(declared.add("--baseline", options.baselines,
                          "rules (the sentences of data draft) or base (the model alone); may be repeated"))
        ->type_name("rules|base");
    repeated(
        declared.add("--system", options.systems,
                     "answers in a file, as generate --data writes them, a row for each of --data; may be repeated"))
        ->type_name("NAME=FILE");
    declared.add("--general", options.general,
                 "other text, or rows: its perplexity before and after, which shows what an adapter forgot");
    declared.add("--html", page, "write the comparison as a page, with the sentences next to each other");
    declared.add("--lexicon", options.lexicon,
                 "table of words for --baseline rules; without: the one that comes with the program");
    declared.add("--max-new-tokens,--max-tokens", options.generation.max_new_tokens, "of an answer");
    declared.add("--batch-size", options.generation.batch_size, "prompts under way at a time");
    add_candidate_options(declared, options.candidates);
    declared.add("--samples", options.bootstrap.samples, "resamplings of the rows, for the intervals; 0: none");
    declared.add("--seed", options.bootstrap.seed, "of the resamplings");
    declared.group("Output");
    declared.add("--by-row", by_row,
                 "one object a row first: line, tokens, loss, ids, nll (of each id after the first; 0 where "
                 "it does not count); of a comparison: line, prompt, reference, answers");
    declared.add("--json", json_output, "the result as one object");
  }

  bool compares() const {
    return compare || !options.baselines.empty() || !options.systems.empty() || !options.general.empty() ||
           !page.empty() || options.adapters.size() > 1 || options.candidates.count > 1 || options.candidates.all_icons;
  }

  void run() {
    choose();
    if (!options.model.empty() || !chat_style.empty()) resolve_chat_style(options.rows, chat_style, options.model);
    options.model_options = model_flags.resolved();
    if (compares()) {
      run_comparison();
    } else {
      run_loss();
    }
  }

  // A model, unless only rules and files are compared.
  void choose() {
    options.data = data_or_own(options.data);
    const bool named = !options.baselines.empty() || !options.systems.empty();
    const bool base = std::find(options.baselines.begin(), options.baselines.end(), "base") != options.baselines.end();
    if (!options.model.empty() || (named && !base && options.adapters.empty() && options.general.empty())) return;
    std::filesystem::path adapter = options.adapters.empty() ? "" : options.adapters[0];
    choose_model_and_adapter(options.model, adapter);
    if (options.adapters.empty() && !adapter.empty()) options.adapters = {adapter.string()};
  }

  // Before the work: at its start, OutputFile knows only what has been read by then.
  void require_other_page() const {
    std::vector<std::filesystem::path> inputs = {options.data, options.general};
    for (const std::string& system : options.systems) inputs.emplace_back(system.substr(system.find('=') + 1));
    for (const std::filesystem::path& input : inputs) {
      std::error_code not_there;
      if (!input.empty() && std::filesystem::equivalent(page, input, not_there))
        throw UsageError("cannot write ", page, ": it is read here, and would be lost; choose another name");
    }
  }

  void run_comparison() {
    if (options.data.empty() && (options.general.empty() || compare || by_row))
      throw UsageError("--data is missing: rows with prompts and references");
    if (options.generation.max_new_tokens < 1) throw UsageError("--max-new-tokens must be 1 or more");
    if (options.generation.batch_size < 1) throw UsageError("--batch-size must be 1 or more");
    check(options.candidates);
    if (options.bootstrap.samples < 0) throw UsageError("--samples must not be negative");
    if (!page.empty()) require_html("--html", page), require_other_page();
    set_threads(thread_count);
    std::optional<OutputFile> page_file;
    if (!page.empty()) page_file.emplace(page);
    const std::optional<Comparison> comparison = compared();
    if (!comparison) end_stopped();
    if (page_file) {
      page_file->write(comparison_page(*comparison));
      page_file->commit();
    }
    if (by_row)
      for (std::size_t row = 0; row < comparison->rows.size(); ++row)
        std::cout << row_json(*comparison, row).dump() << "\n";
    std::cout << (json_output ? comparison_json(*comparison).dump() + "\n" : comparison_table(*comparison));
  }

  // A signal ends it in order while a model answers, else at once.
  std::optional<Comparison> compared() const {
    const Progress progress;
    ComparisonEvents events;
    events.warn = warn;
    events.stop_requested = stop_requested;
    events.progress = [&](const std::string& system, std::size_t answered, std::size_t prompts) {
      if (answered == 0) return catch_stop_signals();
      progress.show(answered < prompts ? fmt::format("{}: {} of {} sentences", system, answered, prompts) : "");
      if (answered == prompts) release_stop_signals();
    };
    return compare_systems(options, events);
  }

  void run_loss() {
    if (options.data.empty()) throw UsageError("--data is missing: the rows to measure");
    const std::filesystem::path adapter = options.adapters.empty() ? "" : options.adapters[0];
    const EvaluateReport report =
        evaluate({options.model, adapter, options.data, options.rows, options.model_options, thread_count}, warn);
    if (by_row)
      for (const RowLoss& row : report.rows)
        std::cout << nlohmann::json{{"line", row.line},
                                    {"tokens", row.tokens},
                                    {"loss", row.loss},
                                    {"ids", row.ids},
                                    {"nll", row.nll}}
                         .dump()
                  << "\n";
    if (json_output) {
      std::cout << nlohmann::json{{"rows", report.rows.size()},
                                  {"tokens", report.tokens},
                                  {"loss", report.loss},
                                  {"perplexity", report.perplexity}}
                       .dump()
                << "\n";
    } else {
      std::cout << fmt::format("loss {:.6f}, perplexity {:.4f} over {} tokens of {} rows\n", report.loss,
                               report.perplexity, report.tokens, report.rows.size());
    }
  }
};

}  // namespace

void add_eval(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "eval", "Measure how well a model predicts rows, or compare what several systems answer with references");
  auto eval_command = std::make_shared<EvalCommand>(*command);
  command->callback([eval_command] { eval_command->run(); });
}

}  // namespace aacft::cli
