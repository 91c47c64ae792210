// A frozen weight in the one form that every kernel streams: forward, input gradient and decode, on every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace aacft {

// How a weight rests in memory. kInt8: symmetric, a scale for 128 neighbouring inputs of an output. kNf4: the 16 levels
// of QLoRA (Dettmers et al. 2023), a scale (the largest magnitude) for 64 neighbouring inputs of an output.
enum class WeightType : std::uint8_t { kFp32, kFp16, kBf16, kInt8, kNf4 };

std::string_view weight_type_name(WeightType type);  // "fp32", "fp16", "bf16", "int8", "nf4"
std::optional<WeightType> parse_weight_type(std::string_view name);

// W: [out, in]. 16-bit types rest as [out/16][in/2][16 outputs][2 inputs], fp32 as [out/16][in][16]; outputs are
// padded with zeros to a multiple of 16, inputs to one of the group (32 where there are no scales). Values in huge pages
// where the system has them. Movable, not copyable.
class PackedWeights {
 public:
  PackedWeights() = default;

  // From row-major rows as stored (kFp32, kFp16 or kBf16; any alignment), in parallel. 16-bit to another 16-bit type and
  // fp32 to a 16-bit type round to nearest even.
  static PackedWeights pack(const void* rows, WeightType stored, std::int64_t out, std::int64_t in, WeightType type);

  std::int64_t out() const { return out_; }
  std::int64_t in() const { return in_; }
  WeightType type() const { return type_; }
  bool empty() const { return out_ == 0; }
  bool finite() const { return finite_; }  // no NaN or infinity in what was packed
  std::size_t bytes() const;               // in memory
  static std::size_t bytes(std::int64_t out, std::int64_t in, WeightType type);  // what such a weight takes

  // Rows first .. first + count - 1 as fp32 [count, in], as the fp32 kernels see them.
  void unpack(std::int64_t first, std::int64_t count, float* rows) const;

  // For the kernels.
  std::int64_t padded_out() const;
  std::int64_t padded_in() const;
  const std::byte* values() const { return values_.get(); }
  const float* scales() const { return scales_.get(); }  // [out/16][in/group][16], quantised types only

 private:
  struct Unmap {
    std::size_t bytes = 0;
    void operator()(std::byte* memory) const;
  };
  std::int64_t out_ = 0, in_ = 0;
  WeightType type_ = WeightType::kFp32;
  bool finite_ = true;
  std::unique_ptr<std::byte, Unmap> values_;
  std::unique_ptr<float[]> scales_;
};

}  // namespace aacft
