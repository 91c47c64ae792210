#include "aacft/model/sample_pass.h"

#include <map>
#include <optional>
#include <span>

#include "aacft/base/error.h"

namespace aacft {

void check_ids(const std::vector<std::int32_t>& ids, const ModelConfig& config) {
  for (const std::int32_t id : ids)
    if (id >= config.vocab_size)
      throw Error("the tokenizer gives the id ", id, ", but the model knows only ", config.vocab_size,
                  " tokens: it is another model's");
}

std::vector<Sample> load_samples_for(const ModelConfig& config, const std::filesystem::path& path,
                                     const Tokenizer& tokenizer, const DataOptions& options, const Warn& warn) {
  std::optional<std::int32_t> eos = tokenizer.find("<|endoftext|>");
  if (!config.eos_token_ids.empty()) eos = static_cast<std::int32_t>(config.eos_token_ids.front());
  if (tokenizer.end_token()) eos = tokenizer.end_token();
  if (options.append_eos && !eos && warn) warn("the model names no end-of-text token, so rows end without one");
  auto samples = load_samples(path, tokenizer, options, eos, config.context(), warn);
  for (const Sample& sample : samples) check_ids(sample.ids, config);
  return samples;
}

namespace {

std::vector<std::vector<std::int32_t>> ids_of(const std::vector<const Sample*>& samples) {
  std::vector<std::vector<std::int32_t>> ids;
  for (const Sample* sample : samples) ids.push_back(sample->ids);
  return ids;
}

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> cut_into_passes(const std::vector<std::int64_t>& lengths,
                                                                 std::int64_t max_tokens) {
  std::vector<std::pair<std::size_t, std::size_t>> passes;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (passes.empty() || tokens + lengths[i] > max_tokens) passes.emplace_back(i, i), tokens = 0;
    tokens += lengths[i];
    passes.back().second = i + 1;
  }
  return passes;
}

std::vector<std::pair<std::size_t, std::size_t>> cut_into_shared_passes(const std::vector<const Sample*>& samples,
                                                                        std::int64_t max_tokens) {
  const auto ids = ids_of(samples);
  std::vector<std::pair<std::size_t, std::size_t>> passes;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (passes.empty() ||
        shared_tokens(std::span(ids).subspan(passes.back().first, i + 1 - passes.back().first)) > max_tokens)
      passes.emplace_back(i, i);
    passes.back().second = i + 1;
  }
  return passes;
}

SamplePass pass_of(const std::vector<const Sample*>& samples, const std::vector<float>& sample_weights) {
  SamplePass made{make_pass(ids_of(samples)), {}};
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (std::size_t t = 0; t + 1 < samples[i]->ids.size(); ++t)
      if (samples[i]->counts[t + 1] && sample_weights[i] != 0)
        made.targets.add(made.pass.offsets[i] + static_cast<std::int64_t>(t), samples[i]->ids[t + 1],
                         sample_weights[i]);
  return made;
}

SamplePass shared_pass_of(const std::vector<const Sample*>& samples, const std::vector<float>& sample_weights) {
  SharedPass shared = make_shared_pass(ids_of(samples));
  std::map<std::pair<std::int64_t, std::int64_t>, double> weights;  // of what may come after each token
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (std::size_t t = 0; t + 1 < samples[i]->ids.size(); ++t)
      if (samples[i]->counts[t + 1] && sample_weights[i] != 0)
        weights[{shared.rows[i][t], samples[i]->ids[t + 1]}] += static_cast<double>(sample_weights[i]);
  SamplePass made{std::move(shared.pass), {}};
  for (const auto& [target, weight] : weights)
    made.targets.add(target.first, target.second, static_cast<float>(weight));
  return made;
}

std::vector<std::int64_t> lengths_of(const std::vector<const Sample*>& samples) {
  std::vector<std::int64_t> lengths;
  for (const Sample* sample : samples) lengths.push_back(static_cast<std::int64_t>(sample->ids.size()));
  return lengths;
}

}  // namespace aacft
