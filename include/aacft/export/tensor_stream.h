// The tensors of a model on their way into a file: rows as they are computed with, in the file's order and type. Knows
// no libtorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "aacft/formats/checkpoint.h"
#include "aacft/formats/tensor.h"

namespace aacft {

// Some rows of a tensor of the model, as it counts them, as fp32. Of a vector each element is a row. May use all
// threads.
using RowSource = std::function<void(const std::string& tensor, std::int64_t first, std::int64_t count, float* out)>;
// `count` elements, whole blocks; as encode() of formats/block_encoding.h.
using Encoder = bool (*)(Dtype dtype, const float* in, std::int64_t count, std::byte* out);

struct StreamedTensor {
  std::string source;  // its name in the model
  Dtype dtype = Dtype::kFloat32;
  std::vector<std::int64_t> shape;  // a vector's or a matrix's
  RowOrder order;                   // of the rows in the file
  std::size_t block_bytes = 4;      // of the type, as `encode` makes it
};

// Gives `sink` all bytes of a tensor, in order, some megabytes at a time; a tensor whose rows rest in another order
// than they are counted in is held as fp32 as a whole. Error that names the tensor where a value is not finite or has
// no place in the type.
void stream_tensor(const StreamedTensor& tensor, const RowSource& source, Encoder encode,
                   const std::function<void(std::span<const std::byte>)>& sink);

// Reads a checkpoint's tensor, and lets go of its pages.
void read_checkpoint_rows(const Checkpoint& checkpoint, const TensorView& tensor, std::int64_t first,
                          std::int64_t count, float* out);

}  // namespace aacft
