#include "aacft/train/run_data.h"

#include <algorithm>
#include <cmath>

#include "aacft/base/error.h"
#include "aacft/base/random.h"
#include "aacft/formats/checkpoint.h"
#include "aacft/model/model_tensors.h"
#include "aacft/model/sample_pass.h"

namespace aacft {

std::int64_t RunData::longest() const {
  std::int64_t longest = 0;
  for (const auto* some : {&rows, &eval_rows})
    for (const Sample& row : *some) longest = std::max(longest, static_cast<std::int64_t>(row.ids.size()));
  return longest;
}

RunData load_run_data(const TrainOptions& options, const ModelConfig& config, const Tokenizer& tokenizer,
                      const Warn& warn) {
  RunData data;
  std::vector<Sample> rows = load_samples_for(config, options.data, tokenizer, options.rows, warn);
  if (!options.eval_data.empty()) {
    data.eval_rows = load_samples_for(config, options.eval_data, tokenizer, options.rows, warn);
  } else if (options.eval_split > 0) {
    const RandomStream order(options.seed, Purpose::kSplit);
    const auto held_out = std::max<std::size_t>(
        1, static_cast<std::size_t>(std::lround(options.eval_split * static_cast<double>(rows.size()))));
    if (held_out >= rows.size()) throw UsageError("--eval-split leaves no rows to train on");
    for (std::size_t i = 0; i < rows.size(); ++i)
      (order.permute(i, rows.size()) < held_out ? data.eval_rows : data.rows).push_back(std::move(rows[i]));
    return data;
  }
  data.rows = std::move(rows);
  return data;
}

RunInput read_run_input(const TrainOptions& options, const Warn& warn) {
  RunInput input;
  input.config = read_model_config(options.model);
  const Checkpoint checkpoint(options.model);
  check_checkpoint(checkpoint, input.config, {});
  input.stored = stored_dtype(checkpoint, input.config);
  input.tokenizer = load_tokenizer(options.model);
  input.data = load_run_data(options, input.config, *input.tokenizer, warn);
  return input;
}

RunLength run_length(const TrainOptions& options, const DataOrder& order) {
  if (options.epochs <= 0) return {options.max_steps, options.max_steps * options.accumulation};
  const auto micro_batches = static_cast<std::int64_t>(
      std::ceil(options.epochs * static_cast<double>(order.micro_batches_per_epoch()) - 1e-9));
  return {(micro_batches + options.accumulation - 1) / options.accumulation, micro_batches};
}

std::vector<const Sample*> pointers_to(const std::vector<Sample>& samples) {
  std::vector<const Sample*> pointers;
  for (const Sample& sample : samples) pointers.push_back(&sample);
  return pointers;
}

}  // namespace aacft
