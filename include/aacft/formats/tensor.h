// What every tensor format is read into: a name, a type, a shape and bytes that belong to somebody else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

// How the elements of a tensor are stored. In checkpoints weights are one of the first three; those up to kBool occur
// as old buffers. The others, named as llama.cpp names them, occur in GGUF files: 32 or 256 neighbouring weights of a
// row are a block, some bits for each and the scales that they share (formats/block_encoding.h).
enum class Dtype {
  kFloat32,
  kFloat16,
  kBFloat16,
  kFloat64,
  kInt64,
  kInt32,
  kInt16,
  kInt8,
  kUint8,
  kBool,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
};

bool is_encoded(Dtype dtype);              // in blocks
std::size_t dtype_size(Dtype dtype);       // bytes of one element; not for what is encoded
std::int64_t block_numel(Dtype dtype);     // elements of a block; 1 for what is not encoded
std::size_t block_bytes(Dtype dtype);      // bytes of a block, or of an element
std::string_view dtype_name(Dtype dtype);  // "float32", "float16", ... as in config.json; "Q4_K"
bool is_weight_dtype(Dtype dtype);         // fp32, fp16 or bf16
std::optional<Dtype> parse_dtype(
    std::string_view name);  // "float16" or "fp16", ...; nothing for others, nor for blocks

// Bytes of `numel` elements, which must be whole blocks and few enough that 64 bits hold the answer.
std::uint64_t dtype_bytes(Dtype dtype, std::int64_t numel);

// The order in which rows rest in a file that keeps them otherwise than they are counted here: those of each run of
// a * b * inner rows, counted as [a, b, inner], rest as [b, a, inner].
struct RowOrder {
  std::int64_t a = 1, b = 1, inner = 1;

  bool as_counted() const { return a == 1 || b == 1; }
  std::int64_t place_of(std::int64_t row) const {  // in the file
    const std::int64_t run = a * b * inner, within = row % run;
    const std::int64_t i = within / (b * inner), j = within / inner % b;
    return row - within + (j * a + i) * inner + within % inner;
  }
};

// Row-major and contiguous, the outermost extent first; bytes.size() == dtype_bytes(dtype, numel()). The innermost
// extent of what is encoded is a multiple of block_numel(dtype). Not necessarily aligned to the element size.
struct TensorView {
  std::string name;
  Dtype dtype = Dtype::kFloat32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
  RowOrder order = {};

  std::int64_t numel() const;
  // Whether `bytes` are the elements as they are counted, one after the other.
  bool plain() const { return !is_encoded(dtype) && order.as_counted(); }
};

std::string shape_text(std::span<const std::int64_t> shape);  // "[64, 16]"

// Index of the first NaN or infinity in a floating-point or encoded tensor, if there is one.
std::optional<std::int64_t> first_non_finite(const TensorView& tensor);

// Error, which begins with `where`, when there is one.
void require_finite(const TensorView& tensor, const std::string& where);

}  // namespace aacft
