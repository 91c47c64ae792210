// The numbers of GGUF's tensor types and the sizes of its metadata types, for who reads and who writes. How many
// elements and bytes a block of a Dtype has, tensor.cc knows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "aacft/formats/gguf.h"
#include "aacft/formats/tensor.h"

namespace aacft {

constexpr std::string_view kGgufMagic = "GGUF";
constexpr std::uint32_t kGgufVersion = 3;     // version 2 differs in nothing that a little-endian file shows
constexpr std::uint64_t kGgufAlignment = 32;  // bytes, unless general.alignment says otherwise

constexpr std::string_view kGgufAlignmentKey = "general.alignment";
// The keys of a file that is one of several parts.
constexpr std::string_view kGgufSplitPrefix = "split.";
constexpr std::string_view kGgufSplitNumber = "split.no";  // from 0
constexpr std::string_view kGgufSplitCount = "split.count";
constexpr std::string_view kGgufSplitTensors = "split.tensors.count";  // of all parts together

// The end of the name of part `index`, counted from 0.
std::string gguf_part_ending(std::size_t index, std::size_t count);

struct GgufTensorType {
  std::uint32_t number;
  std::string_view name;
  std::optional<Dtype> dtype;  // nothing: known by name only
};

// Numbers that are missing have never been used, or in no file that was published.
constexpr GgufTensorType kGgufTensorTypes[] = {
    {0, "F32", Dtype::kFloat32},
    {1, "F16", Dtype::kFloat16},
    {2, "Q4_0", Dtype::kQ4_0},
    {3, "Q4_1", Dtype::kQ4_1},
    {6, "Q5_0", Dtype::kQ5_0},
    {7, "Q5_1", Dtype::kQ5_1},
    {8, "Q8_0", Dtype::kQ8_0},
    {9, "Q8_1", {}},
    {10, "Q2_K", Dtype::kQ2_K},
    {11, "Q3_K", Dtype::kQ3_K},
    {12, "Q4_K", Dtype::kQ4_K},
    {13, "Q5_K", Dtype::kQ5_K},
    {14, "Q6_K", Dtype::kQ6_K},
    {15, "Q8_K", {}},
    {16, "IQ2_XXS", {}},
    {17, "IQ2_XS", {}},
    {18, "IQ3_XXS", {}},
    {19, "IQ1_S", {}},
    {20, "IQ4_NL", Dtype::kIQ4_NL},
    {21, "IQ3_S", {}},
    {22, "IQ2_S", {}},
    {23, "IQ4_XS", {}},
    {24, "I8", Dtype::kInt8},
    {25, "I16", Dtype::kInt16},
    {26, "I32", Dtype::kInt32},
    {27, "I64", Dtype::kInt64},
    {28, "F64", Dtype::kFloat64},
    {29, "IQ1_M", {}},
    {30, "BF16", Dtype::kBFloat16},
    {31, "Q4_0_4_4", {}},
    {32, "Q4_0_4_8", {}},
    {33, "Q4_0_8_8", {}},
    {34, "TQ1_0", {}},
    {35, "TQ2_0", {}},
    {39, "MXFP4", {}},
    {40, "NVFP4", {}},
    {41, "Q1_0", {}},
};

// Null for a number that is not known.
inline const GgufTensorType* gguf_tensor_type(std::uint32_t number) {
  const auto found = std::find_if(std::begin(kGgufTensorTypes), std::end(kGgufTensorTypes),
                                  [&](const GgufTensorType& type) { return type.number == number; });
  return found == std::end(kGgufTensorTypes) ? nullptr : found;
}

// Bytes of a metadata value; 0 for strings and arrays, whose sizes differ, and for what is no type.
inline std::size_t gguf_value_size(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kBool: return 1;
    case GgufType::kUint16:
    case GgufType::kInt16: return 2;
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kFloat32: return 4;
    case GgufType::kUint64:
    case GgufType::kInt64:
    case GgufType::kFloat64: return 8;
    default: return 0;
  }
}

}  // namespace aacft
