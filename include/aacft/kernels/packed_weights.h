// A frozen weight in the one form that every kernel streams: forward, input gradient and decode, on every instruction
// set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "aacft/base/memory.h"

namespace aacft {

// How a weight rests in memory. kInt8: symmetric, a scale for 128 neighbouring inputs of an output. kNf4: the 16 levels
// of QLoRA (Dettmers et al. 2023), a scale (the largest magnitude) for 64 neighbouring inputs of an output.
enum class WeightType : std::uint8_t { kFp32, kFp16, kBf16, kInt8, kNf4 };

std::string_view weight_type_name(WeightType type);  // "fp32", "fp16", "bf16", "int8", "nf4"
std::optional<WeightType> parse_weight_type(std::string_view name);

// W: [out, in]. Values rest in lines of 64 bytes, each with a few neighbouring inputs of 16 neighbouring outputs:
//   kFp32  [out/16][in][16 outputs]
//   kFp16  [out/16][in/2][2 inputs][16 outputs]
//   kBf16  [out/16][in/2][16 outputs][2 inputs], as instructions on pairs of bf16 take them
//   kInt8  [out/16][in/4][4 inputs][16 outputs]
//   kNf4   [out/16][in/8][4][4 inputs][4 outputs]: a byte's lower four bits are one of the first four inputs,
//          its upper ones the one four later; 4 x 4 outputs
// Outputs are padded with zeros to a multiple of 16, inputs to one of the scale's group (32 where there are no scales).
// Movable, not copyable.
class PackedWeights {
 public:
  PackedWeights() = default;

  // From row-major rows as stored (kFp32, kFp16 or kBf16; any alignment), in parallel. 16-bit to another 16-bit type
  // and fp32 to a 16-bit type round to nearest even; quantised types round to the nearest level.
  static PackedWeights pack(const void* rows, WeightType stored, std::int64_t out, std::int64_t in, WeightType type);

  // The same from rows that are asked for as fp32, 16 or fewer at a time: read(first, count, rows) fills [count, in].
  // It is called by several threads at once.
  using RowReader = std::function<void(std::int64_t first, std::int64_t count, float* rows)>;
  static PackedWeights pack(const RowReader& read, std::int64_t out, std::int64_t in, WeightType type);

  // Over bytes(out, in, type) bytes in this form that lie elsewhere, such as in a mapped file: aligned to 64 bytes, and
  // there for as long as this is used.
  static PackedWeights over(const std::byte* packed, std::int64_t out, std::int64_t in, WeightType type);

  std::int64_t out() const { return out_; }
  std::int64_t in() const { return in_; }
  WeightType type() const { return type_; }
  bool empty() const { return out_ == 0; }
  bool finite() const { return finite_; }                        // no NaN or infinity in what was packed
  std::size_t bytes() const { return bytes(out_, in_, type_); }  // in memory
  static std::size_t bytes(std::int64_t out, std::int64_t in, WeightType type);  // what such a weight takes

  // Rows first .. first + count - 1 as fp32 [count, in], as the fp32 kernels see them. In parallel.
  void unpack(std::int64_t first, std::int64_t count, float* rows) const;

  // For the kernels.
  std::int64_t padded_out() const;
  std::int64_t padded_in() const;
  const std::byte* values() const { return values_; }
  // [out/16][in/group][16], bf16; quantised types only.
  const std::uint16_t* scales() const;

 private:
  // source_of(block) gives the rows that a block of outputs is packed from.
  template <typename SourceOf>
  static PackedWeights pack_blocks(std::int64_t out, std::int64_t in, WeightType type, const SourceOf& source_of);

  std::int64_t out_ = 0, in_ = 0;
  WeightType type_ = WeightType::kFp32;
  bool finite_ = true;
  Memory memory_;  // values, then scales; empty where these lie elsewhere
  const std::byte* values_ = nullptr;
};

// ---- the layout, for the kernels ----

constexpr std::int64_t kBlockOutputs = 16;
constexpr std::int64_t kLineBytes = 64;

constexpr std::int64_t inputs_of_line(WeightType type) {
  return type == WeightType::kFp32 ? 1 : type == WeightType::kInt8 ? 4 : type == WeightType::kNf4 ? 8 : 2;
}
// Inputs that share a scale; 0: no scales.
constexpr std::int64_t scale_group(WeightType type) {
  return type == WeightType::kInt8 ? 128 : type == WeightType::kNf4 ? 64 : 0;
}
constexpr float kNf4Levels[16] = {-1.0f,       -0.6961928f, -0.5250731f, -0.3949175f, -0.2844414f, -0.1847734f,
                                  -0.0910500f, 0.0f,        0.0795803f,  0.1609302f,  0.2461123f,  0.3379152f,
                                  0.4407098f,  0.5626170f,  0.7229568f,  1.0f};

}  // namespace aacft
