#include "aacft/train/run_data.h"

#include <algorithm>
#include <cmath>

#include "aacft/base/error.h"
#include "aacft/base/random.h"
#include "aacft/formats/checkpoint.h"
#include "aacft/model/model_tensors.h"
#include "aacft/model/packed_model.h"
#include "aacft/model/sample_pass.h"

namespace aacft {

std::int64_t RunData::longest() const {
  std::int64_t longest = 0;
  for (const auto* some : {&samples, &eval_samples})
    for (const Sample& sample : *some) longest = std::max(longest, static_cast<std::int64_t>(sample.ids.size()));
  return longest;
}

RunData load_run_data(const TrainOptions& options, const ModelConfig& config, const Tokenizer& tokenizer,
                      const Warn& warn) {
  RunData data;
  std::vector<Sample> samples = load_samples_for(config, options.data, tokenizer, options.data_options, warn);
  if (!options.eval_data.empty()) {
    data.eval_samples = load_samples_for(config, options.eval_data, tokenizer, options.data_options, warn);
  } else if (options.eval_split > 0) {
    const RandomStream order(options.seed, Purpose::kSplit);
    const auto held_out = std::max<std::size_t>(
        1, static_cast<std::size_t>(std::lround(options.eval_split * static_cast<double>(samples.size()))));
    if (held_out >= samples.size()) throw UsageError("--eval-split leaves no rows to train on");
    for (std::size_t i = 0; i < samples.size(); ++i)
      (order.permute(i, samples.size()) < held_out ? data.eval_samples : data.samples).push_back(std::move(samples[i]));
    return data;
  }
  data.samples = std::move(samples);
  return data;
}

RunInput read_run_input(const TrainOptions& options, const Warn& warn) {
  RunInput input;
  const ModelConfig stated = read_model_config(options.model);
  if (PackedModelFile::is_in(options.model)) {
    const PackedModelFile packed(options.model);
    input.config = stated;
    input.stored = packed.stored();
    input.packed = packed.weights();
  } else {
    const Checkpoint checkpoint = open_checkpoint(options.model, stated);
    input.config = check_checkpoint(checkpoint, stated, {});
    input.stored = stored_dtype(checkpoint, input.config);
  }
  for (const auto& [key, probability] : {std::pair("hidden_dropout", input.config.hidden_dropout),
                                         std::pair("attention_dropout", input.config.attention_dropout)})
    if (warn && probability > 0)
      warn(std::string("config.json says ") + key +
           ": the base's own dropout is not applied; --dropout is the adapter's");
  input.tokenizer = load_tokenizer(options.model);
  input.data = load_run_data(options, input.config, *input.tokenizer, warn);
  return input;
}

std::vector<const Sample*> pointers_to(const std::vector<Sample>& samples) {
  std::vector<const Sample*> pointers;
  for (const Sample& sample : samples) pointers.push_back(&sample);
  return pointers;
}

}  // namespace aacft
