// From samples to passes.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "aacft/data/samples.h"
#include "aacft/model/backprop.h"
#include "aacft/model/config.h"
#include "aacft/model/pass.h"

namespace aacft {

// Error where a token is none of the model's.
void check_ids(const std::vector<std::int32_t>& ids, const ModelConfig& config);

// load_samples for a model: with its end-of-text token (or the tokenizer's <|endoftext|>; a warning where there is
// none) and its context. Error when the tokenizer gives ids that the model does not have.
std::vector<Sample> load_samples_for(const ModelConfig& config, const std::filesystem::path& path,
                                     const Tokenizer& tokenizer, const DataOptions& options, const Warn& warn);

std::vector<std::int64_t> lengths_of(const std::vector<const Sample*>& samples);

// Neighbouring samples, in order, with at most max_tokens tokens together: the bounds of each group in `lengths`.
std::vector<std::pair<std::size_t, std::size_t>> cut_into_passes(const std::vector<std::int64_t>& lengths,
                                                                 std::int64_t max_tokens);

// The same with shared beginnings counted once, as shared_tokens() does.
std::vector<std::pair<std::size_t, std::size_t>> cut_into_shared_passes(const std::vector<const Sample*>& samples,
                                                                        std::int64_t max_tokens);

// Every token predicts the next one of its sample, with the sample's weight where that one counts.
struct SamplePass {
  Pass pass;
  Targets targets;
};
SamplePass pass_of(const std::vector<const Sample*>& samples, const std::vector<float>& sample_weights);
// With shared beginnings computed once; the loss and its gradients are the same but for rounding.
SamplePass shared_pass_of(const std::vector<const Sample*>& samples, const std::vector<float>& sample_weights);

}  // namespace aacft
