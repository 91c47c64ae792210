// A pass: sequences one after another, without padding. How a step is cut into passes never changes its result.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "aacft/kernels/attention.h"
#include "aacft/model/adapter_set.h"
#include "aacft/model/kv_cache.h"

namespace aacft {

// Adapter dropout of a training step.
struct DropoutKeys {
  std::uint64_t seed = 0;
  // Per row, from the step and the row's token and all before it: the mask of a value is a function of (seed, step,
  // text so far, module, column). So rows that share a beginning share its masks, wherever they are computed.
  std::vector<std::uint64_t> row_streams;
};

struct Pass {
  torch::Tensor ids;                        // int64 [rows]
  std::vector<std::int64_t> offsets = {0};  // segment i has the rows offsets[i] .. offsets[i + 1]
  std::vector<std::int32_t> parents;        // per segment: which one it continues, or -1
  std::vector<std::int64_t> positions;      // per row: its place in its sequence
  std::vector<std::uint64_t> prefixes;      // per row: a hash of its token and all before it
  std::vector<KvCache*> caches;             // per segment; empty: nothing is cached
  std::optional<DropoutKeys> dropout;       // absent: no dropout
  AdapterSet adapters;                      // empty: the base alone

  std::size_t segments() const { return offsets.size() - 1; }
  std::int64_t rows() const { return offsets.back(); }
  std::int64_t length(std::size_t i) const { return offsets[i + 1] - offsets[i]; }
  // The rows of segment i of a tensor with rows() rows.
  torch::Tensor part(const torch::Tensor& x, std::size_t i) const { return x.narrow(0, offsets[i], length(i)); }
  // For the kernels. With caches, those of `layer`; the segment's rows count as being there.
  std::vector<AttentionSegment> attention_segments(std::size_t layer) const;

  void set_dropout(std::uint64_t seed, std::uint64_t step);
};

// Every sequence is a segment of its own.
Pass make_pass(std::span<const std::vector<std::int32_t>> sequences);
// Rows follow what their cache holds.
void use_caches(Pass& pass, std::vector<KvCache*> caches);

// The same, with every beginning that sequences share computed once: a trie of segments. rows[i][t] is the row of
// token t of sequence i.
struct SharedPass {
  Pass pass;
  std::vector<std::vector<std::int64_t>> rows;
};
SharedPass make_shared_pass(std::span<const std::vector<std::int32_t>> sequences);

// How many rows such a pass has.
std::int64_t shared_tokens(std::span<const std::vector<std::int32_t>> sequences);

// Runs body(i) for every segment, in parallel and without recording gradients. What the body computes depends on its
// segment alone, so neither the others nor the number of threads can change it.
void for_each_segment(const Pass& pass, const std::function<void(std::size_t)>& body);

}  // namespace aacft
