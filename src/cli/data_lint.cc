#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/threads.h"
#include "aacft/data/lint.h"
#include "aacft/model/config.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/row_options.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kShown = 5;  // findings of a kind, without --all

json to_json(const Lengths& lengths) {
  json bins = json::array();
  for (std::size_t i = 0; i < lengths.bins.size(); ++i) {
    const std::int64_t from = lengths.bin_from + static_cast<std::int64_t>(i) * lengths.bin_width;
    bins.push_back({{"from", from}, {"to", from + lengths.bin_width - 1}, {"rows", lengths.bins[i]}});
  }
  return {{"count", lengths.count}, {"total", lengths.total}, {"mean", lengths.mean}, {"median", lengths.median},
          {"min", lengths.min},     {"max", lengths.max},     {"p95", lengths.p95},   {"histogram", bins}};
}

json to_json(const Place& place, const LintReport& report) {
  json object = {{"file", report.files[place.file].name}};
  if (place.line > 0) object["line"] = place.line;
  return object;
}

json to_json(const Finding& finding, const LintReport& report) {
  json object = to_json(finding.place, report);
  object.update({{"severity", name_of(finding.kind->severity)},
                 {"kind", finding.kind->name},
                 {"message", finding.message},
                 {"advice", finding.kind->advice}});
  if (finding.other) object["other"] = to_json(*finding.other, report);
  if (finding.byte) object.update({{"byte", *finding.byte}, {"code_points", finding.code_points}});
  return object;
}

json to_json(const LintReport& report) {
  json files = json::array(), findings = json::array(), kinds = json::object();
  for (const LintedFile& file : report.files)
    files.push_back({{"file", file.name},
                     {"rows", file.rows},
                     {"unreadable", file.unreadable},
                     {"shapes", file.shapes},
                     {"row_" + report.unit, to_json(file.row)},
                     {"answer_" + report.unit, to_json(file.answer)},
                     {"row_characters", to_json(file.row_characters)},
                     {"answer_characters", to_json(file.answer_characters)}});
  for (const Finding& finding : report.findings) {
    findings.push_back(to_json(finding, report));
    kinds[finding.kind->name] = kinds.value(finding.kind->name, 0) + 1;
  }
  return {{"unit", report.unit},
          {"files", files},
          {"errors", report.count(Severity::kError)},
          {"warnings", report.count(Severity::kWarning)},
          {"infos", report.count(Severity::kInfo)},
          {"kinds", kinds},
          {"findings", findings}};
}

std::string counted(std::size_t n, const char* noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

void print_lengths(const std::string& what, const Lengths& lengths) {
  if (lengths.count > 0)
    std::cout << fmt::format("  {:<22} mean {:.1f}, median {:g}, {} to {}, 95 % up to {}, {} in all\n", what,
                             lengths.mean, lengths.median, lengths.min, lengths.max, lengths.p95, lengths.total);
}

void print_histogram(const Lengths& lengths) {
  constexpr std::int64_t kWidth = 40;
  const std::int64_t most = lengths.bins.empty() ? 1 : *std::max_element(lengths.bins.begin(), lengths.bins.end());
  for (std::size_t i = 0; i < lengths.bins.size(); ++i) {
    const std::int64_t from = lengths.bin_from + static_cast<std::int64_t>(i) * lengths.bin_width;
    const std::int64_t bar = (lengths.bins[i] * kWidth + most - 1) / most;
    std::cout << fmt::format("  {:>6}-{:<6} {:>6} {}\n", from, from + lengths.bin_width - 1, lengths.bins[i],
                             std::string(static_cast<std::size_t>(bar), '#'));
  }
}

void print_file(const LintedFile& file, const std::string& unit) {
  std::string shapes;
  for (const auto& [shape, rows] : file.shapes)
    shapes += fmt::format("{}{{{}}}", shapes.empty() ? " of " : " and ", shape);
  std::cout << fmt::format("{}: {}{}{}\n", file.name, counted(file.rows, "row"), shapes,
                           file.unreadable > 0 ? fmt::format(", {} unreadable", file.unreadable) : "");
  print_lengths(unit + " a row:", file.row);
  print_lengths(unit + " an answer:", file.answer);
  print_lengths("characters an answer:", file.answer_characters);
  print_histogram(file.row);
}

// Those of one kind, which follow each other.
void print_kind(const LintReport& report, std::size_t begin, std::size_t end, bool all) {
  const LintKind& kind = *report.findings[begin].kind;
  std::cout << fmt::format("\n{}: {} ({}, {}): {}\n", name_of(kind.severity), kind.title, kind.name, end - begin,
                           kind.advice);
  const std::size_t shown = all ? end : std::min(end, begin + kShown);
  for (std::size_t i = begin; i < shown; ++i) {
    const Finding& finding = report.findings[i];
    const std::string line = finding.place.line > 0 ? fmt::format(":{}", finding.place.line) : "";
    std::cout << fmt::format("  {}{}: {}\n", report.files[finding.place.file].name, line, finding.message);
  }
  if (shown < end) std::cout << fmt::format("  ... and {} more (--all)\n", end - shown);
}

struct LintCommand {
  LintOptions options;
  std::string chat_style;
  std::filesystem::path data, eval_data, tokenizer_file, model;
  bool json_output = false, all = false, strict = false;

  explicit LintCommand(CLI::App& command) {
    Options declared(command);
    declared.add(
        "--data", data,
        "JSON Lines to train on: {\"text\"}, {\"prompt\", \"completion\"} or {\"messages\"}; - for standard input");
    declared.add("--eval-data", eval_data, "JSON Lines to evaluate on: must not share rows with --data");
    declared.add("--model", model, "model folder: its tokenizer counts tokens, its context limits them");
    declared.add("--tokenizer", tokenizer_file,
                 "tokenizer.json or SentencePiece .model, to count tokens without a model");
    declared.add("--context", options.context, "tokens that a row may have; 0: the model's, or no limit");
    declared.add("--response-marker", options.response_marker, "where the answer of a {\"text\"} row starts");
    add_chat_style(declared, chat_style);
    declared.add("--append-eos,!--no-append-eos", options.append_eos,
                 "rows will be trained with an end-of-text token (default: on)");
    declared.add("--similarity", options.similarity, "near duplicates share this part of their words");
    declared.add("--all", all, "every finding, not only the first few of a kind");
    declared.add("--strict", strict, "fail for warnings, too");
    declared.add("--json", json_output,
                 "one object: unit, files (lengths, histogram), errors, warnings, infos, kinds, findings (file, line, "
                 "severity, kind, message, advice; other, byte, code_points)");
  }

  void check() const {
    if (data.empty()) throw UsageError("--data is missing: the rows to look at");
    if (!model.empty() && !tokenizer_file.empty()) throw UsageError("--model and --tokenizer exclude each other");
    if (options.context < 0) throw UsageError("--context must not be negative");
    if (options.context > 0 && model.empty() && tokenizer_file.empty())
      throw UsageError("--context counts tokens: give --tokenizer or --model");
    if (!(options.similarity > 0 && options.similarity <= 1))
      throw UsageError("--similarity must be above 0 and at most 1");
    if (options.response_marker.empty()) throw UsageError("--response-marker must not be empty");
  }

  void run() {
    check();
    std::unique_ptr<Tokenizer> tokenizer;
    if (!tokenizer_file.empty()) tokenizer = load_tokenizer_file(tokenizer_file);
    if (!model.empty()) {
      const ModelConfig config = read_model_config(model);
      tokenizer = load_tokenizer(model);
      if (options.context == 0) options.context = config.context();
      options.append_eos = options.append_eos && !config.eos_token_ids.empty();
    }
    options.tokenizer = tokenizer.get();
    if (!model.empty() || !chat_style.empty()) {
      DataOptions rows;
      resolve_chat_style(rows, chat_style, model);
      options.chat_style = rows.chat_style, options.chat_pairs = rows.chat_pairs;
    }
    const LintInput train =
        data == "-" ? LintInput{"standard input", standard_input()} : LintInput{data.string(), read_text(data)};
    std::optional<LintInput> eval;
    if (!eval_data.empty()) eval = {eval_data.string(), read_text(eval_data)};
    const LintReport report = lint(train, eval, options);
    if (json_output) {
      std::cout << to_json(report).dump(-1, ' ', false, json::error_handler_t::replace) << "\n";
    } else {
      print(report);
    }
    flush_output();
    if (report.count(Severity::kError) > 0 || (strict && report.count(Severity::kWarning) > 0))
      throw CLI::RuntimeError(1);
  }

  void print(const LintReport& report) const {
    for (const LintedFile& file : report.files) print_file(file, report.unit);
    if (options.tokenizer == nullptr) std::cout << "  (--model or --tokenizer counts tokens instead of words)\n";
    for (std::size_t begin = 0, end; begin < report.findings.size(); begin = end) {
      for (end = begin; end < report.findings.size() && report.findings[end].kind == report.findings[begin].kind;)
        ++end;
      print_kind(report, begin, end, all);
    }
    const std::size_t infos = report.count(Severity::kInfo);
    std::cout << fmt::format("\n{}, {}{}\n", counted(report.count(Severity::kError), "error"),
                             counted(report.count(Severity::kWarning), "warning"),
                             infos > 0 ? ", " + counted(infos, "note") : "");
  }
};

}  // namespace

void add_data_lint(CLI::App& data) {
  CLI::App* command = data.add_subcommand("lint", "Find what is wrong or risky in rows before training on them");
  auto lint_command = std::make_shared<LintCommand>(*command);
  command->callback([lint_command] { lint_command->run(); });
}

}  // namespace aacft::cli
