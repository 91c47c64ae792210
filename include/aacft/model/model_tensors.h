// The tensors of a checkpoint as a model of some shape needs them.
#pragma once

#include <filesystem>
#include <string>

#include "aacft/base/warn.h"
#include "aacft/formats/checkpoint.h"
#include "aacft/model/config.h"

namespace aacft {

// A weight under its name, or under the one that newer files give the head; null where there is none.
const TensorView* find_weight(const Checkpoint& checkpoint, const ModelConfig& config, const std::string& name);

// The weights of a folder or a GGUF file. Of the family's ignored buffers an index may say what it likes.
Checkpoint open_checkpoint(const std::filesystem::path& folder, const ModelConfig& config);

// Compares a checkpoint with the shape it should have: Error names every missing or misshapen tensor; extra ones are
// warned about. The configuration that is right for these weights: not tied where they hold a head that differs from
// the embedding, as in transformers 5, with a warning. Other values are not looked at.
[[nodiscard]] ModelConfig check_checkpoint(const Checkpoint& checkpoint, const ModelConfig& stated, const Warn& warn);

// Error that names the tensor where it holds a NaN or an infinity.
void require_finite(const Checkpoint& checkpoint, const ModelConfig& config, const std::string& name);

// The type of the embedding, which the checkpoint is said to be of; fp32, where weights are encoded in blocks.
Dtype stored_dtype(const Checkpoint& checkpoint, const ModelConfig& config);

}  // namespace aacft
