#include "aacft/evaluate/evaluate.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/threads.h"
#include "aacft/base/utf8.h"
#include "aacft/formats/json.h"
#include "aacft/model/adapter.h"
#include "aacft/model/backprop.h"
#include "aacft/model/model.h"
#include "aacft/model/sample_pass.h"
#include "aacft/runtime/loaded_model.h"

namespace aacft {
namespace {

// Tokens in a pass: enough to make reading the weights worth it, few enough for any machine.
constexpr std::int64_t kPassTokens = 2048;

EvaluateReport losses_of(const Model& model, const AdapterModules& adapter, const std::vector<Sample>& samples) {
  std::vector<const Sample*> rows;
  for (const Sample& sample : samples) rows.push_back(&sample);

  EvaluateReport report;
  ComputeContext context;
  double total = 0;
  for (const auto& [begin, end] : cut_into_passes(lengths_of(rows), kPassTokens)) {
    const std::vector<const Sample*> part(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                                          rows.begin() + static_cast<std::ptrdiff_t>(end));
    SamplePass made = pass_of(part, std::vector<float>(part.size(), 1.0f));
    std::vector<float> nll;
    made.pass.adapters.attach(adapter);
    add_loss(model, made.pass, made.targets, context, total, &nll);
    std::vector<float> by_row(static_cast<std::size_t>(made.pass.rows()));
    for (std::size_t k = 0; k < nll.size(); ++k) by_row[static_cast<std::size_t>(made.targets.rows[k])] = nll[k];
    for (std::size_t i = 0; i < part.size(); ++i) {
      const auto first = by_row.begin() + made.pass.offsets[i];
      RowLoss row{part[i]->line, part[i]->counted(), 0, part[i]->ids, {first, first + made.pass.length(i) - 1}};
      for (const float value : row.nll) row.loss += value;
      row.loss /= static_cast<double>(row.tokens);
      if (!std::isfinite(row.loss))
        throw Error("the loss is not finite", row.line > 0 ? " in line " + std::to_string(row.line) : "",
                    ": the model or its adapter is damaged, or its training had diverged");
      report.tokens += row.tokens;
      report.rows.push_back(std::move(row));
    }
  }
  report.loss = total / static_cast<double>(report.tokens);
  report.perplexity = std::exp(report.loss);
  return report;
}

bool is_json_lines(const std::string& content) {
  const std::size_t start = content.find_first_not_of(" \t\r\n");
  return start != content.npos && content[start] == '{';
}

bool all_have_completions(const std::string& content, DataOptions options) {
  options.mask_prompt = true;
  bool all = true;
  const auto look = [&](std::size_t, const nlohmann::json& row) {
    try {
      row_text(row, options);
    } catch (const Error&) {
      all = false;
    }
  };
  read_json_lines(content, look, [](std::size_t, const std::string&) {});  // bad rows are load_samples' to report
  return all;
}

std::vector<Sample> pieces_of(const std::string& text, const Tokenizer& tokenizer, std::int64_t length,
                              const std::filesystem::path& file) {
  if (const std::size_t bad = first_invalid_utf8(text); bad != text.npos)
    throw Error(file, ": not UTF-8 at byte ", bad);
  const std::vector<std::int32_t> ids = tokenizer.encode(text);
  if (ids.size() < 2) throw Error(file, " holds no text to predict");
  const std::vector<std::int32_t>& beginning = tokenizer.beginning();
  const auto step =
      static_cast<std::size_t>(std::max<std::int64_t>(length - static_cast<std::int64_t>(beginning.size()), 2));
  std::vector<Sample> pieces;
  for (std::size_t at = 0; at + (beginning.empty() ? 1 : 0) < ids.size(); at += step) {
    Sample piece;
    piece.ids = beginning;
    piece.ids.insert(piece.ids.end(), ids.begin() + static_cast<std::ptrdiff_t>(at),
                     ids.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, ids.size())));
    piece.counts.assign(piece.ids.size(), true);
    piece.counts[0] = false;
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace

EvaluateReport evaluate_rows(const LoadedModel& model, const std::string& adapter, const std::filesystem::path& data,
                             const DataOptions& options, const Warn& warn) {
  const std::vector<Sample> samples = load_samples_for(model.config(), data, model.tokenizer(), options, warn);
  return losses_of(model.model(), model.modules(adapter), samples);
}

EvaluateReport evaluate_general(const LoadedModel& model, const std::string& adapter, const std::filesystem::path& file,
                                const DataOptions& options, const Warn& warn) {
  const std::string content = read_text(file);
  if (is_json_lines(content)) {
    DataOptions counted = options;
    counted.mask_prompt = all_have_completions(content, options);
    return evaluate_rows(model, adapter, file, counted, warn);
  }
  const ModelConfig& config = model.config();
  const std::int64_t length =
      options.max_length > 0 ? std::min(options.max_length, config.context()) : config.context();
  const std::vector<Sample> pieces = pieces_of(content, model.tokenizer(), length, file);
  for (const Sample& piece : pieces) check_ids(piece.ids, config);
  return losses_of(model.model(), model.modules(adapter), pieces);
}

EvaluateReport evaluate(const EvaluateOptions& options, const Warn& warn) {
  set_threads(options.threads);
  LoadedModel model(options.model, options.model_options, warn);
  if (!options.adapter.empty()) model.attach(options.adapter, options.adapter, warn);
  return evaluate_rows(model, options.adapter, options.data, options.rows, warn);
}

}  // namespace aacft
