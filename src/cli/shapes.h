// Shapes of models, by name.
#pragma once

#include <string>

#include "aacft/base/error.h"
#include "aacft/model/config.h"

namespace aacft::cli {

constexpr const char* kShapeNames = "tiny, pythia-70m, redpajama-3b, redpajama-7b or gpt-neox-20b";

// tiny is for trying things out: seconds to train, and it learns nothing but spelling.
inline ModelConfig shape_named(const std::string& name) {
  ModelConfig c;
  c.bos_token_id = c.eos_token_id = 0;
  if (name == "tiny") {
    c.vocab_size = 1024, c.hidden_size = 64, c.intermediate_size = 256, c.num_layers = 3, c.num_heads = 4;
    c.rotary_pct = 1.0, c.parallel_residual = false;
  } else if (name == "pythia-70m") {
    c.vocab_size = 50304, c.hidden_size = 512, c.intermediate_size = 2048, c.num_layers = 6, c.num_heads = 8;
  } else if (name == "redpajama-3b") {
    c.vocab_size = 50432, c.hidden_size = 2560, c.intermediate_size = 10240, c.num_layers = 32, c.num_heads = 32;
    c.rotary_pct = 1.0, c.parallel_residual = false;
  } else if (name == "redpajama-7b") {
    c.vocab_size = 50432, c.hidden_size = 4096, c.intermediate_size = 16384, c.num_layers = 32, c.num_heads = 32;
    c.rotary_pct = 1.0, c.parallel_residual = false;
  } else if (name == "gpt-neox-20b") {
    c.vocab_size = 50432, c.hidden_size = 6144, c.intermediate_size = 24576, c.num_layers = 44, c.num_heads = 64;
  } else {
    throw UsageError("--shape must be ", kShapeNames, ", not ", name);
  }
  return c;
}

}  // namespace aacft::cli
