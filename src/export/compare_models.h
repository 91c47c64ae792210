// How far the logits of a written model are from those of what it was made of.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/formats/checkpoint.h"
#include "aacft/model/adapter.h"
#include "aacft/model/config.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

struct ModelDifference {
  double max_logit = 0, mean_kl = 0, max_kl = 0;  // KL(source || written), nats a token
};

// Over all positions of the prompts; with none, of a few of our own.
ModelDifference compare_models(const std::filesystem::path& source, std::optional<Adapter>& adapter,
                               const std::filesystem::path& written, const Tokenizer& tokenizer,
                               std::vector<std::string> prompts, const Warn& warn);

// Error for a prompt that has no tokens.
void check_prompts(const std::vector<std::string>& prompts, const Tokenizer& tokenizer);

// Every adapted module must be one of the model's targets, with shapes that fit.
void check_adapter_fits(const Adapter& adapter, const Checkpoint& checkpoint, const ModelConfig& config,
                        const std::filesystem::path& folder);

// The module that adapts a weight, where one does.
const LoraModule* module_of(const std::optional<Adapter>& adapter, const std::string& tensor);

}  // namespace aacft
