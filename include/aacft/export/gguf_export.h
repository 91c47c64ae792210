// A model for other programs: one GGUF file for llama.cpp and what is built on it, with an adapter folded in on the
// way; the adapter alone for llama.cpp's --lora; or a file of redpajama.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aacft/export/events.h"
#include "aacft/model/gguf_layout.h"

namespace aacft {

struct ExportOptions {
  enum class Format { kGguf, kGgufLora, kGgml };
  Format format = Format::kGguf;
  std::filesystem::path model, adapter, output;  // no adapter: the base alone
  GgufFileType type = GgufFileType::kF16;        // kGgml: F32, F16, Q4_0 or Q8_0; kGgufLora: F32 or F16
  std::uint64_t most_bytes = 0;                  // of a part of a GGUF file; 0: one file
  bool requantize = false;                       // also from weights of fewer than 8 bits
  std::optional<bool> check;         // compare with the source afterwards; absent: where the file is below 1 GB
  std::vector<std::string> prompts;  // for that; empty: a few of our own
  int threads = 0;
};

struct ExportReport {
  std::vector<std::filesystem::path> files;
  std::uint64_t bytes = 0;
  std::size_t tensors = 0, merged_tensors = 0;
  double seconds = 0, check_seconds = 0;
  // Between what was exported and the file, read back, over all positions of the prompts.
  std::optional<double> max_logit_difference, mean_kl, max_kl;  // KL(source || file), nats
  std::uint64_t peak_rss_bytes = 0;
};

// Tensor by tensor. The output appears when it is whole; it must not exist yet. Error for what the format has no place
// for, with what to do instead; a value that would not be finite is one, too.
ExportReport export_model(const ExportOptions& options, const WriteEvents& events);

}  // namespace aacft
