#include "aacft/formats/tensor.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "aacft/base/error.h"
#include "aacft/base/threads.h"

namespace aacft {
namespace {

struct DtypeFacts {
  Dtype dtype;
  std::size_t size;
  std::string_view name, alias, short_alias;
};

// In the order of the enumeration.
constexpr DtypeFacts kDtypes[] = {
    {Dtype::kFloat32, 4, "float32", "fp32", "f32"},    {Dtype::kFloat16, 2, "float16", "fp16", "f16"},
    {Dtype::kBFloat16, 2, "bfloat16", "bf16", "bf16"}, {Dtype::kFloat64, 8, "float64", "fp64", "f64"},
    {Dtype::kInt64, 8, "int64", "i64", "i64"},         {Dtype::kInt32, 4, "int32", "i32", "i32"},
    {Dtype::kInt16, 2, "int16", "i16", "i16"},         {Dtype::kInt8, 1, "int8", "i8", "i8"},
    {Dtype::kUint8, 1, "uint8", "u8", "u8"},           {Dtype::kBool, 1, "bool", "bool", "bool"},
};

const DtypeFacts& facts(Dtype dtype) { return kDtypes[static_cast<std::size_t>(dtype)]; }

// A float is not finite where every exponent bit is set. One fixed-size block at a time is ORed without a
// branch, which any compiler turns into vector code; only a block that holds a bad value is looked at again.
template <typename Bits, Bits kExponent>
std::int64_t first_bad(const std::byte* bytes, std::int64_t count) {
  constexpr std::int64_t kBlock = 1024;
  const auto bad = [bytes](std::int64_t i) {
    Bits bits;
    std::memcpy(&bits, bytes + static_cast<std::size_t>(i) * sizeof bits, sizeof bits);
    return static_cast<Bits>((bits & kExponent) == kExponent);
  };
  std::int64_t start = 0;
  for (; start + kBlock <= count; start += kBlock) {
    Bits any = 0;
    for (std::int64_t i = 0; i < kBlock; ++i) any |= bad(start + i);
    if (any) break;
  }
  while (start < count && !bad(start)) ++start;
  return start;
}

std::int64_t first_bad(Dtype dtype, const std::byte* bytes, std::int64_t count) {
  switch (dtype) {
    case Dtype::kFloat32: return first_bad<std::uint32_t, 0x7F800000>(bytes, count);
    case Dtype::kFloat16: return first_bad<std::uint16_t, 0x7C00>(bytes, count);
    case Dtype::kBFloat16: return first_bad<std::uint16_t, 0x7F80>(bytes, count);
    case Dtype::kFloat64: return first_bad<std::uint64_t, 0x7FF0000000000000>(bytes, count);
    default: return count;
  }
}

}  // namespace

std::size_t dtype_size(Dtype dtype) { return facts(dtype).size; }

std::string_view dtype_name(Dtype dtype) { return facts(dtype).name; }

bool is_weight_dtype(Dtype dtype) {
  return dtype == Dtype::kFloat32 || dtype == Dtype::kFloat16 || dtype == Dtype::kBFloat16;
}

std::optional<Dtype> parse_dtype(std::string_view name) {
  if (name.starts_with("torch.")) name.remove_prefix(6);
  for (const DtypeFacts& known : kDtypes)
    if (name == known.name || name == known.alias || name == known.short_alias) return known.dtype;
  return std::nullopt;
}

std::int64_t TensorView::numel() const {
  // First, for then the others may be anything, and their product too large.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::optional<std::int64_t> first_non_finite(const TensorView& tensor) {
  const std::size_t size = dtype_size(tensor.dtype);
  const auto count = static_cast<std::int64_t>(tensor.bytes.size() / size);
  const auto task_count = static_cast<std::int64_t>((std::size_t{4} << 20) / size);
  std::atomic<std::int64_t> first = count;
  parallel_for(static_cast<std::size_t>((count + task_count - 1) / task_count), [&](std::size_t task) {
    const std::int64_t begin = static_cast<std::int64_t>(task) * task_count;
    if (begin >= first) return;
    const std::int64_t here = std::min(task_count, count - begin);
    const std::int64_t found =
        first_bad(tensor.dtype, tensor.bytes.data() + static_cast<std::size_t>(begin) * size, here);
    if (found == here) return;
    std::int64_t known = first;
    while (begin + found < known && !first.compare_exchange_weak(known, begin + found)) {}
  });
  return first < count ? std::optional<std::int64_t>(first) : std::nullopt;
}

void require_finite(const TensorView& tensor, const std::string& where) {
  if (const auto index = first_non_finite(tensor))
    throw Error(where, ": tensor ", tensor.name, " holds a value that is not finite, at index ", *index,
                "; the file is damaged, or the run that wrote it had diverged");
}

}  // namespace aacft
