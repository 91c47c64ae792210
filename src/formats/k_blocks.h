// Blocks of 256 weights whose scales are themselves small integers: Q4_K, Q5_K and Q6_K.
#pragma once

#include <cstdint>

#include "aacft/formats/tensor.h"

namespace aacft {

// Of encode(): `count` finite elements, a multiple of 256. False where a block's scale is beyond fp16.
bool encode_k_blocks(Dtype dtype, const float* in, std::int64_t count, std::uint8_t* out);

}  // namespace aacft
