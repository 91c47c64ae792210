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

// Element types that occur in checkpoints. Weights are one of the first three; the others occur as old buffers.
enum class Dtype { kFloat32, kFloat16, kBFloat16, kFloat64, kInt64, kInt32, kInt16, kInt8, kUint8, kBool };

std::size_t dtype_size(Dtype dtype);                      // bytes of one element
std::string_view dtype_name(Dtype dtype);                 // "float32", "float16", "bfloat16", ... as in config.json
bool is_weight_dtype(Dtype dtype);                        // fp32, fp16 or bf16
std::optional<Dtype> parse_dtype(std::string_view name);  // "float16" or "fp16", ...; nothing for an unknown name

// Row-major and contiguous; bytes.size() == numel() * dtype_size(dtype). Not necessarily aligned to the element size.
struct TensorView {
  std::string name;
  Dtype dtype = Dtype::kFloat32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;

  std::int64_t numel() const;
};

std::string shape_text(std::span<const std::int64_t> shape);  // "[64, 16]"

// Index of the first NaN or infinity in a floating-point tensor, if there is one.
std::optional<std::int64_t> first_non_finite(const TensorView& tensor);

// Error, which begins with `where`, when there is one.
void require_finite(const TensorView& tensor, const std::string& where);

}  // namespace aacft
