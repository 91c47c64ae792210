// Causal self-attention over ragged sequences, without the score matrix (Dao et al. 2022), with keys and values that
// groups of queries may share (Ainslie et al. 2023), and rotary positions (Su et al. 2021).
#pragma once

#include <cstdint>
#include <span>

#include "aacft/kernels/matrix.h"

namespace aacft {

// Queries, keys and values of a pass's rows, or the gradients of them, of one element type and head_dim; often columns
// of one packed matrix (heads_of). Keys and values have the same number of heads, and queries that or a multiple of it:
// head h of the queries looks at head h / (q.count / k.count) of the keys.
template <typename M>
struct QkvOf {
  HeadsOf<M> q, k, v;

  template <typename N>
  operator QkvOf<N>() const {
    return {q, k, v};
  }
};
using Qkv = QkvOf<Matrix>;
using ConstQkv = QkvOf<ConstMatrix>;

// A run of neighbouring rows of one sequence. A sequence may continue another segment's: then all that segment's rows,
// and those that it continues itself, come before. So several sequences can share a beginning (a tree of segments).
struct AttentionSegment {
  std::int64_t first_row = 0, rows = 0;
  std::int64_t position = 0;  // of its first row: the rows of its ancestors together, or what a cache held before
  std::int32_t parent = -1;   // its index, smaller than this segment's own
  // With a cache: rotated keys and values of positions 0 .. position + rows - 1, this segment's own included;
  // [kv heads, capacity, head_dim] of qkv's element type. Then parent is -1, and of qkv only queries are read.
  const void* cached_keys = nullptr;
  const void* cached_values = nullptr;
  std::int64_t cache_capacity = 0;
};

// How far each row turns.
struct Rotary {
  std::int64_t dims = 0;       // of each head's dimensions the first so many rotate; an even number
  const float* cos = nullptr;  // [positions, dims / 2]; dimension d pairs with d + dims / 2
  const float* sin = nullptr;
  const std::int64_t* positions = nullptr;  // [rows]
};

// Turns q and k of each row by the angles of its position, in place; backwards where `inverse` (for gradients). In
// parallel.
void rotate(const Qkv& qkv, const Rotary& rotary, bool inverse);

// out: [rows, heads * head_dim]. qkv is rotated. log_sums, where given: [rows, heads], the log of the sum of
// exponentials of each row's scaled scores, which the gradient needs. Softmax and sums in fp32. In parallel.
// A row of out is a function of its q and of the keys and values before it alone, bit for bit; it does not matter how
// many rows its segment has, nor whether keys come from qkv or a cache. (Where its sequence is cut into a tree's
// segments, the cuts change the rounding, unless they come after multiples of 64 rows.)
void attention(const ConstQkv& qkv, std::span<const AttentionSegment> segments, const Matrix& out, float* log_sums);

// dqkv (of rotated q and k) from dout, for segments without caches; everything else is computed again. All of q, k and
// v of the segments' rows is written. What the keys and values of a segment owe to those that continue it is summed in
// the list's order, so a tree's bits depend on its own segments alone; what they owe to several heads of queries, in
// the order of those within each segment.
void attention_backward(const ConstQkv& qkv, std::span<const AttentionSegment> segments, const float* log_sums,
                        const ConstMatrix& dout, const Qkv& dqkv);

}  // namespace aacft
