// What src/kernels/attention.cc asks of its leaf functions. Matrices here are views of one head.
#pragma once

#include <cstdint>

#include "aacft/kernels/matrix.h"

namespace aacft {

// Queries, and keys, are taken in blocks of this many.
constexpr std::int64_t kAttentionBlock = 64;

struct KeySpan {
  ConstMatrix keys, values;
};

// Of the heads of queries that share keys and values.
struct AttentionForward {
  ConstHeads queries;
  const KeySpan* spans = nullptr;  // in the order of their positions
  std::int64_t span_count = 0;
  std::int64_t visible = 0;  // the first query sees so many keys of the last span, each further one a key more
  Heads out;
  float* log_sums = nullptr;  // or null; the heads of a row lie side by side
  std::int64_t log_sums_stride = 0;
  float* scratch = nullptr;
};

// Up to kAttentionBlock keys as the backward wants them, with their gradients' sums.
struct KeyBlock {
  float* data = nullptr;
  std::int64_t keys = 0;
};

// Of one head of queries.
struct AttentionBackward {
  ConstMatrix queries, dout;
  const KeyBlock* blocks = nullptr;  // in the order of their positions
  std::int64_t past_blocks = 0;      // the first so many are seen by all queries; the others are the queries' own keys
  const float* log_sums = nullptr;
  std::int64_t log_sums_stride = 0;
  Matrix dqueries;
  float* scratch = nullptr;
};

// Of the heads of one row.
struct Rotation {
  std::int64_t heads = 0, stride = 0, dims = 0;
  const float *cos = nullptr, *sin = nullptr;  // of the row's position
  float sign = 1;                              // -1 to turn backwards
};

struct AttentionTable {
  std::int64_t (*forward_scratch)(std::int64_t head_dim, std::int64_t heads);  // in floats, as all sizes here
  void (*forward)(const AttentionForward& task);

  std::int64_t (*block_size)(std::int64_t head_dim);
  std::int64_t (*backward_scratch)(std::int64_t head_dim, std::int64_t blocks);
  // A block with no gradient yet.
  void (*pack)(const ConstMatrix& keys, const ConstMatrix& values, const KeyBlock& block);
  // Writes dqueries and adds to the blocks' gradients.
  void (*backward)(const AttentionBackward& task);
  void (*unpack)(const KeyBlock& block, const Matrix& dkeys, const Matrix& dvalues);

  void (*rotate)(std::byte* row, Element element, const Rotation& rotation);
};

}  // namespace aacft
