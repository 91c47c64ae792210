#include "aacft/formats/tensor.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <stdexcept>

#include "aacft/base/error.h"
#include "aacft/base/threads.h"

namespace aacft {
namespace {

struct DtypeFacts {
  Dtype dtype;
  std::size_t bytes;  // of an element or a block
  std::string_view name, alias, short_alias;
  std::int64_t block = 1;                      // elements
  std::size_t scales_at = 0, scale_count = 0;  // the fp16 scales of a block, which is finite where they are
};

// In the order of the enumeration.
constexpr DtypeFacts kDtypes[] = {
    {Dtype::kFloat32, 4, "float32", "fp32", "f32"},    {Dtype::kFloat16, 2, "float16", "fp16", "f16"},
    {Dtype::kBFloat16, 2, "bfloat16", "bf16", "bf16"}, {Dtype::kFloat64, 8, "float64", "fp64", "f64"},
    {Dtype::kInt64, 8, "int64", "i64", "i64"},         {Dtype::kInt32, 4, "int32", "i32", "i32"},
    {Dtype::kInt16, 2, "int16", "i16", "i16"},         {Dtype::kInt8, 1, "int8", "i8", "i8"},
    {Dtype::kUint8, 1, "uint8", "u8", "u8"},           {Dtype::kBool, 1, "bool", "bool", "bool"},
    {Dtype::kQ4_0, 18, "Q4_0", "", "", 32, 0, 1},      {Dtype::kQ4_1, 20, "Q4_1", "", "", 32, 0, 2},
    {Dtype::kQ5_0, 22, "Q5_0", "", "", 32, 0, 1},      {Dtype::kQ5_1, 24, "Q5_1", "", "", 32, 0, 2},
    {Dtype::kQ8_0, 34, "Q8_0", "", "", 32, 0, 1},      {Dtype::kQ2_K, 84, "Q2_K", "", "", 256, 80, 2},
    {Dtype::kQ3_K, 110, "Q3_K", "", "", 256, 108, 1},  {Dtype::kQ4_K, 144, "Q4_K", "", "", 256, 0, 2},
    {Dtype::kQ5_K, 176, "Q5_K", "", "", 256, 0, 2},    {Dtype::kQ6_K, 210, "Q6_K", "", "", 256, 208, 1},
    {Dtype::kIQ4_NL, 18, "IQ4_NL", "", "", 32, 0, 1},
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

// The first element of the first block with a scale that is not finite: it makes every value of its block so.
std::int64_t first_bad_block(const DtypeFacts& encoding, const std::byte* bytes, std::int64_t count) {
  const std::int64_t scales = static_cast<std::int64_t>(encoding.scale_count);
  for (std::int64_t start = 0; start < count; start += encoding.block, bytes += encoding.bytes)
    if (first_bad<std::uint16_t, 0x7C00>(bytes + encoding.scales_at, scales) < scales) return start;
  return count;
}

std::int64_t first_bad(Dtype dtype, const std::byte* bytes, std::int64_t count) {
  switch (dtype) {
    case Dtype::kFloat32: return first_bad<std::uint32_t, 0x7F800000>(bytes, count);
    case Dtype::kFloat16: return first_bad<std::uint16_t, 0x7C00>(bytes, count);
    case Dtype::kBFloat16: return first_bad<std::uint16_t, 0x7F80>(bytes, count);
    case Dtype::kFloat64: return first_bad<std::uint64_t, 0x7FF0000000000000>(bytes, count);
    default: return is_encoded(dtype) ? first_bad_block(facts(dtype), bytes, count) : count;
  }
}

}  // namespace

bool is_encoded(Dtype dtype) { return facts(dtype).block > 1; }

std::size_t dtype_size(Dtype dtype) {
  if (is_encoded(dtype)) throw std::logic_error("dtype_size: an element of a block has no size of its own");
  return facts(dtype).bytes;
}

std::int64_t block_numel(Dtype dtype) { return facts(dtype).block; }

std::size_t block_bytes(Dtype dtype) { return facts(dtype).bytes; }

std::uint64_t dtype_bytes(Dtype dtype, std::int64_t numel) {
  const DtypeFacts& known = facts(dtype);
  std::uint64_t bytes = 0;
  if (numel < 0 || numel % known.block != 0 ||
      __builtin_mul_overflow(static_cast<std::uint64_t>(numel / known.block), known.bytes, &bytes))
    throw std::logic_error("dtype_bytes: no tensor has " + std::to_string(numel) + " elements");
  return bytes;
}

std::string_view dtype_name(Dtype dtype) { return facts(dtype).name; }

bool is_weight_dtype(Dtype dtype) {
  return dtype == Dtype::kFloat32 || dtype == Dtype::kFloat16 || dtype == Dtype::kBFloat16;
}

std::optional<Dtype> parse_dtype(std::string_view name) {
  if (name.starts_with("torch.")) name.remove_prefix(6);
  for (const DtypeFacts& known : kDtypes)
    if (!is_encoded(known.dtype) && (name == known.name || name == known.alias || name == known.short_alias))
      return known.dtype;
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
  const std::size_t size = block_bytes(tensor.dtype);
  const std::int64_t block = block_numel(tensor.dtype);
  const auto count = static_cast<std::int64_t>(tensor.bytes.size() / size) * block;
  const auto task_count = static_cast<std::int64_t>((std::size_t{4} << 20) / size) * block;
  std::atomic<std::int64_t> first = count;
  parallel_for(static_cast<std::size_t>((count + task_count - 1) / task_count), [&](std::size_t task) {
    const std::int64_t begin = static_cast<std::int64_t>(task) * task_count;
    if (begin >= first) return;
    const std::int64_t here = std::min(task_count, count - begin);
    const std::int64_t found =
        first_bad(tensor.dtype, tensor.bytes.data() + static_cast<std::size_t>(begin / block) * size, here);
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
