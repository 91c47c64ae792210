// Writing model folders: what stands beside the weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "aacft/model/config.h"

namespace aacft {

// config.json and generation_config.json.
void write_model_config(const std::filesystem::path& folder, const ModelConfig& config, Dtype dtype);

// A model with random weights, as transformers initialises one: N(0, 0.02), biases 0, norms 1. Written tensor by tensor
// in shards, so that a large one needs little memory; the tokenizer, where one is given, is copied. before_tensor may
// throw to give up; nothing is left then.
void write_random_model(const std::filesystem::path& folder, const ModelConfig& config, Dtype dtype, std::uint64_t seed,
                        const std::filesystem::path& tokenizer_file, const std::function<void()>& before_tensor = {});

}  // namespace aacft
