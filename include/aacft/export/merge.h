// An adapter folded into its base model: a complete model folder that needs no adapter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aacft/export/events.h"
#include "aacft/formats/tensor.h"

namespace aacft {

struct MergeOptions {
  std::filesystem::path model, output;
  std::filesystem::path adapter;  // empty: the base alone, in another type or other shards
  std::optional<Dtype> dtype;     // of the merged weights; absent: as the base is stored
  std::uint64_t max_shard_bytes = 5'000'000'000;
  bool also_delta = false;  // delta.safetensors beside the weights: merged minus base, of the adapted weights alone
  bool check = true;        // compare logits afterwards
  std::vector<std::string> prompts;  // for the check; empty: a few of our own
  int threads = 0;
};

struct MergeReport {
  std::uint64_t bytes = 0;  // written
  std::size_t merged_tensors = 0, tensors = 0;
  Dtype dtype = Dtype::kFloat32;
  double seconds = 0, check_seconds = 0;
  // Between base + adapter and the merged model, over all positions of the prompts.
  std::optional<double> max_logit_difference, mean_kl;  // KL(base + adapter || merged), nats
  std::uint64_t peak_rss_bytes = 0;
};

// Tensor by tensor and row block by row block, in fp32, rounded once to the output's type; a value that would not be
// finite is an Error (as PEFT's safe merge). The output folder appears when it is whole; it must not exist yet.
MergeReport merge(const MergeOptions& options, const WriteEvents& events);

}  // namespace aacft
