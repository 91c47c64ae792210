#include "aacft/model/sample_pass.h"

#include <optional>

#include "aacft/base/error.h"

namespace aacft {

std::vector<Sample> load_samples_for(const ModelConfig& config, const std::filesystem::path& path, const Tokenizer& tokenizer,
                                     const DataOptions& options, const Warn& warn) {
  std::optional<std::int32_t> eos = tokenizer.find("<|endoftext|>");
  if (config.eos_token_id) eos = static_cast<std::int32_t>(*config.eos_token_id);
  if (options.append_eos && !eos && warn) warn("the model names no end-of-text token, so rows end without one");
  auto samples = load_samples(path, tokenizer, options, eos, config.max_positions, warn);
  for (const Sample& sample : samples)
    for (const std::int32_t id : sample.ids)
      if (id >= config.vocab_size)
        throw Error("the tokenizer gives the id ", id, ", but the model knows only ", config.vocab_size, " tokens: it is another model's");
  return samples;
}

std::vector<std::pair<std::size_t, std::size_t>> cut_into_passes(const std::vector<std::int64_t>& lengths, std::int64_t max_rows) {
  std::vector<std::pair<std::size_t, std::size_t>> passes;
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (passes.empty() || rows + lengths[i] > max_rows) passes.emplace_back(i, i), rows = 0;
    rows += lengths[i];
    passes.back().second = i + 1;
  }
  return passes;
}

Pass pass_of(const std::vector<const Sample*>& rows) {
  std::vector<std::vector<std::int32_t>> ids;
  for (const Sample* row : rows) ids.push_back(row->ids);
  return make_pass(ids);
}

Targets targets_of(const std::vector<const Sample*>& rows, const std::vector<float>& row_weights) {
  Targets targets;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Sample& row = *rows[i];
    for (std::size_t t = 0; t < row.ids.size(); ++t) {
      const bool counts = t + 1 < row.ids.size() && row.counts[t + 1];
      targets.next.push_back(counts ? row.ids[t + 1] : 0);
      targets.weights.push_back(counts ? row_weights[i] : 0.0f);
    }
  }
  return targets;
}

std::vector<std::int64_t> lengths_of(const std::vector<const Sample*>& rows) {
  std::vector<std::int64_t> lengths;
  for (const Sample* row : rows) lengths.push_back(static_cast<std::int64_t>(row->ids.size()));
  return lengths;
}

}  // namespace aacft
