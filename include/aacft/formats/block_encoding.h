// Weights as they are computed with, from any type in which files hold them. The blocks are those of ggml
// (ggml-common.h of https://github.com/ggml-org/llama.cpp lays them out); the values equal, to the bit, those of the
// Python package gguf and of ggml's own reference: every product and sum below is rounded to fp32, in their order.
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

}  // namespace aacft
