// How fast this machine runs a model of some shape, on made-up weights: seconds, and the work done in them. Only a few
// layers are run; every layer costs the same, so two depths tell what any depth takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aacft/model/config.h"
#include "aacft/model/model_options.h"

namespace aacft {

struct BenchOptions {
  ModelConfig config;  // at its whole depth
  ModelOptions model;  // base_weights is set
  // The deeper of the two depths, 2 .. config.num_layers; the other one is 1. With two, the noise of both would count
  // as often as there are layers.
  std::int64_t layers = 5;
  std::int64_t tokens = 1280;  // rows of a training pass
  bool scaling = true;         // a step is measured with one thread, too
  bool typical = false;        // medians of a step's runs, as a forecast wants them, instead of the shortest
  double seconds = 1;          // every figure is measured for so long, and more than once
  std::uint64_t rotated_bytes = 1'100'000'000;  // of weights that take turns, so that no cache holds the next one
};

// Seconds at two depths, and by them at any.
struct DepthSeconds {
  std::int64_t layers = 2;
  double one = 0, several = 0;  // of 1 and of `layers` layers

  double at(std::int64_t depth) const {
    return one + (several - one) * static_cast<double>(depth - 1) / static_cast<double>(layers - 1);
  }
};

// A product with a frozen weight out of main memory; seconds: the median.
struct LinearTime {
  std::string name;  // "query_key_value", "dense", ..., "embed_out"
  std::int64_t out = 0, in = 0, rows = 0;
  bool transposed = false;  // the input's gradient
  double seconds = 0, flops = 0;
  std::uint64_t bytes = 0;  // of the weight
};

// Every linear of a layer at 60, 320 and `tokens` rows; the head at as many rows as training gives it.
std::vector<LinearTime> time_linears(const BenchOptions& options);

// The gradients of a pass of sequences of about 85 tokens, for LoRA of rank 2 on the family's default targets with
// dropout 0.05. (The optimizer's part is too small to matter.)
struct StepTime {
  std::int64_t tokens = 0, sequences = 0;
  DepthSeconds kept, recomputed;  // with the activations of all layers kept, and of none
  // At the whole depth, what there is no way around: 2 x in x out a token for each linear's output, and again for its
  // input's gradient, but for what layer 0 can do without; the same for the head; attention by its causal half,
  // 2 x hidden x n x (n + 1) a sequence of n tokens and layer, and twice that for its gradient.
  double flops = 0;
  int threads = 1;                         // of the above
  double one_thread = 0, all_threads = 0;  // `layers` layers, kept
};
StepTime time_step(const BenchOptions& options);

// One prompt of 512 tokens (or the context), up to the logits of its last token. flops: as above, at the whole depth.
struct PromptTime {
  std::int64_t tokens = 0;
  DepthSeconds seconds;
  double flops = 0;
};
PromptTime time_prompt(const BenchOptions& options);

// One more token for each sequence of a batch, 64 tokens in.
struct DecodeTime {
  std::int64_t batch = 0;
  DepthSeconds seconds;     // medians
  DepthSeconds reading;     // of merely reading the same weights in the same memory, between the above
  double flops = 0;         // at the whole depth
  std::uint64_t bytes = 0;  // of all weights, at the whole depth: what has to be read
};
std::vector<DecodeTime> time_decode(const BenchOptions& options, const std::vector<std::int64_t>& batches);

}  // namespace aacft
