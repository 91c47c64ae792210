// Causal self-attention over ragged sequences, without the score matrix (Dao et al. 2022), and rotary positions (Su et
// al. 2021) as GPT-NeoX applies them.
#pragma once

#include <cstdint>
#include <span>

#include "aacft/kernels/matrix.h"

namespace aacft {

struct AttentionShape {
  std::int64_t heads = 0, head_dim = 0;
  std::int64_t rotary_dims = 0;  // of each head's dimensions the first so many rotate; an even number
};

// A run of neighbouring rows of one sequence. A sequence may continue another segment's: then all that segment's rows,
// and those that it continues itself, come before. So several sequences can share a beginning (a tree of segments).
struct AttentionSegment {
  std::int64_t first_row = 0, rows = 0;
  std::int64_t position = 0;  // of its first row: the rows of its ancestors together, or what a cache held before
  std::int32_t parent = -1;   // its index, smaller than this segment's own
  // With a cache: rotated keys and values of positions 0 .. position + rows - 1, this segment's own included;
  // [heads, capacity, head_dim] of qkv's element type. Then parent is -1, and of qkv only queries are read.
  const void* cached_keys = nullptr;
  const void* cached_values = nullptr;
  std::int64_t cache_capacity = 0;
};

// qkv: [rows, heads * 3 * head_dim], per head q | k | v. Turns q and k of row i by the angles of positions[i], in
// place; backwards where `inverse` (for gradients). cos, sin: fp32 [positions, rotary_dims / 2]; dimension d pairs with
// d + rotary_dims / 2. In parallel.
void rotate(const Matrix& qkv, const AttentionShape& shape, const float* cos, const float* sin,
            const std::int64_t* positions, bool inverse);

// out: [rows, heads * head_dim]. qkv is rotated. log_sums, where given: [rows, heads], the log of the sum of
// exponentials of each row's scaled scores, which the gradient needs. Softmax and sums in fp32. In parallel.
// A row of out is a function of its q and of the keys and values before it alone, bit for bit; it does not matter how
// many rows its segment has, nor whether keys come from qkv or a cache. (Where its sequence is cut into a tree's
// segments, the cuts change the rounding, unless they come after multiples of 64 rows.)
void attention(const ConstMatrix& qkv, const AttentionShape& shape, std::span<const AttentionSegment> segments,
               const Matrix& out, float* log_sums);

// dqkv (of rotated q and k) from dout, for segments without caches; everything else is computed again. All of q, k and
// v of the segments' rows is written. What the keys and values of a segment owe to those that continue it is summed in
// the list's order, so a tree's bits depend on its own segments alone.
void attention_backward(const ConstMatrix& qkv, const AttentionShape& shape, std::span<const AttentionSegment> segments,
                        const float* log_sums, const ConstMatrix& dout, const Matrix& dqkv);

}  // namespace aacft
