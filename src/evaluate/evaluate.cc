#include "aacft/evaluate/evaluate.h"

#include <torch/types.h>

#include <cmath>
#include <optional>

#include "aacft/base/threads.h"
#include "aacft/model/backprop.h"
#include "aacft/model/gpt_neox.h"
#include "aacft/model/sample_pass.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {
namespace {

// Tokens in a pass: enough to make reading the weights worth it, few enough for any machine.
constexpr std::int64_t kPassRows = 2048;

}  // namespace

EvaluateReport evaluate(const EvaluateOptions& options, const Warn& warn) {
  set_threads(options.threads);
  GptNeox model(options.model, warn, options.model_options);
  const auto tokenizer = load_tokenizer(options.model);
  std::optional<Adapter> adapter;
  if (!options.adapter.empty()) {
    adapter = Adapter::load(options.adapter, warn);
    adapter->attach(model, warn);
  }
  const std::vector<Sample> samples = load_samples_for(model.config(), options.data, *tokenizer, options.rows, warn);
  std::vector<const Sample*> rows;
  for (const Sample& sample : samples) rows.push_back(&sample);

  EvaluateReport report;
  double total = 0;
  for (const auto& [begin, end] : cut_into_passes(lengths_of(rows), kPassRows)) {
    const std::vector<const Sample*> part(rows.begin() + static_cast<std::ptrdiff_t>(begin), rows.begin() + static_cast<std::ptrdiff_t>(end));
    const SamplePass made = pass_of(part, std::vector<float>(part.size(), 1.0f));
    std::vector<float> nll;
    add_loss(model, made.pass, made.targets, total, &nll);
    std::vector<float> by_row(static_cast<std::size_t>(made.pass.rows()));
    for (std::size_t k = 0; k < nll.size(); ++k) by_row[static_cast<std::size_t>(made.targets.rows[k])] = nll[k];
    for (std::size_t i = 0; i < part.size(); ++i) {
      const auto first = by_row.begin() + made.pass.offsets[i];
      RowLoss row{part[i]->line, part[i]->counted(), 0, part[i]->ids, {first, first + made.pass.length(i) - 1}};
      for (const float value : row.nll) row.loss += value;
      row.loss /= static_cast<double>(row.tokens);
      report.tokens += row.tokens;
      report.rows.push_back(std::move(row));
    }
  }
  report.loss = total / static_cast<double>(report.tokens);
  report.perplexity = std::exp(report.loss);
  return report;
}

}  // namespace aacft
