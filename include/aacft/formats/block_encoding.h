// Weights as they are computed with, from and to the types in which files hold them. The blocks are those of ggml
// (ggml-common.h of https://github.com/ggml-org/llama.cpp lays them out); decoded values equal, to the bit, those of
// the Python package gguf and of ggml's own reference: every product and sum below is rounded to fp32, in their order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "aacft/formats/tensor.h"

namespace aacft {

// `count` neighbouring elements, which must be whole blocks, at any alignment, as fp32. For fp32, fp16, bf16 and what
// is encoded; anything else is a mistake of the caller.
void decode(Dtype dtype, const std::byte* in, std::int64_t count, float* out);

// Rows [first, first + count), as they are counted, as fp32: `out` holds count times the innermost extent. All extents
// but the innermost count rows; of a vector, or a single number, each element is a row. Error where the tensor holds no
// weights; rows that it does not have are a mistake of the caller. On the calling thread.
void read_rows(const TensorView& tensor, std::int64_t first, std::int64_t count, float* out);

// Whether encode() makes a type: fp32, fp16, bf16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K.
bool can_encode(Dtype dtype);

// The other way round: `count` neighbouring elements of a row, which must be whole blocks, to `dtype`, one that
// can_encode(); on the calling thread. False, and `out` is of no use, where a value is not finite or neither is what
// has to stand for it in this type: fp16 holds up to 65504, and so do the scales of blocks.
//
// To the nearest, ties to even, in the types that are not encoded; Q4_0 to Q8_0 to the bytes that ggml's reference
// makes. Of Q4_K, Q5_K and Q6_K there are many, for what decodes to about the same; the ones here are searched for the
// least squared error, which comes out below that of ggml's (without an importance matrix, for which there is no place
// here). Always the same on every machine.
[[nodiscard]] bool encode(Dtype dtype, const float* in, std::int64_t count, std::byte* out);

}  // namespace aacft
