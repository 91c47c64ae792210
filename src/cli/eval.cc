#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/evaluate/evaluate.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/row_options.h"

namespace aacft::cli {
namespace {

struct EvalCommand {
  EvaluateOptions options;
  ModelFlags model_flags;
  bool json_output = false, by_row = false;

  explicit EvalCommand(CLI::App& command) {
    Options declared(command);
    declared.add("--model", options.model, "model folder");
    declared.add("--adapter,--adapter-path", options.adapter, "adapter folder to use with it, as it is");
    declared.add("--data", options.data, "JSON Lines: {\"text\"}, {\"prompt\", \"completion\"} or {\"messages\"}");
    declared.add("--threads", options.threads, "0: all cores");
    model_flags.add_to(declared);
    add_row_options(declared, options.rows);
    declared.add("--by-row", by_row, "one object a row first: line, tokens, loss, ids, nll (of each id after the first; 0 where it does not count)");
    declared.add("--json", json_output, "the result as one object");
  }

  void run() {
    options.model_options = model_flags.resolved();
    if (options.model.empty() || options.data.empty()) throw UsageError("--model and --data are both needed");
    const EvaluateReport report = evaluate(options, warn);
    if (by_row)
      for (const RowLoss& row : report.rows)
        std::cout << nlohmann::json{{"line", row.line}, {"tokens", row.tokens}, {"loss", row.loss}, {"ids", row.ids}, {"nll", row.nll}}.dump() << "\n";
    if (json_output) {
      std::cout << nlohmann::json{{"rows", report.rows.size()}, {"tokens", report.tokens}, {"loss", report.loss}, {"perplexity", report.perplexity}}.dump() << "\n";
    } else {
      std::cout << fmt::format("loss {:.6f}, perplexity {:.4f} over {} tokens of {} rows\n", report.loss, report.perplexity, report.tokens, report.rows.size());
    }
  }
};

}  // namespace

void add_eval(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "Measure how well a model, or a model and an adapter, predicts rows");
  auto eval_command = std::make_shared<EvalCommand>(*command);
  command->callback([eval_command] { eval_command->run(); });
}

}  // namespace aacft::cli
