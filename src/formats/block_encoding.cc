// Compiled without contraction (CMakeLists.txt): a fused multiply-add would round once where the reference rounds
// twice. The inner loops run over 16 or 32 elements without a branch, which the compiler turns into vector code.
#include "aacft/formats/block_encoding.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "half.h"

namespace aacft {
namespace {

using Byte = std::uint8_t;

inline float half_at(const Byte* in) {
  std::uint16_t half;
  std::memcpy(&half, in, sizeof half);
  return half_to_float(half);
}

void decode_floats(const Byte* in, std::int64_t count, float* out) {
  std::memcpy(out, in, static_cast<std::size_t>(count) * sizeof(float));
}

void decode_halves(const Byte* in, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = half_at(in + 2 * i);
}

void decode_bfloats(const Byte* in, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint16_t upper;
    std::memcpy(&upper, in + 2 * i, sizeof upper);
    out[i] = std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16);
  }
}

// ---- Blocks of 32: fp16 scale, where they have one fp16 minimum, then the bits. The low halves of 16 bytes are the
// first 16 elements, the high halves the other 16. ----

struct Q4_0 {
  static void decode(const Byte* in, float* out) {
    const float scale = half_at(in);
    const Byte* bits = in + 2;
    for (int i = 0; i < 16; ++i) out[i] = scale * static_cast<float>((bits[i] & 15) - 8);
    for (int i = 0; i < 16; ++i) out[16 + i] = scale * static_cast<float>((bits[i] >> 4) - 8);
  }
};

struct Q4_1 {
  static void decode(const Byte* in, float* out) {
    const float scale = half_at(in), minimum = half_at(in + 2);
    const Byte* bits = in + 4;
    for (int i = 0; i < 16; ++i) out[i] = scale * static_cast<float>(bits[i] & 15) + minimum;
    for (int i = 0; i < 16; ++i) out[16 + i] = scale * static_cast<float>(bits[i] >> 4) + minimum;
  }
};

// The fifth bits of 32 elements as 0 or 16: element i has bit i of four bytes.
inline void fifth_bits(const Byte* in, Byte* out) {
  constexpr Byte kBits[8] = {1, 2, 4, 8, 16, 32, 64, 128};
  for (int byte = 0; byte < 4; ++byte)
    for (int i = 0; i < 8; ++i) out[8 * byte + i] = (in[byte] & kBits[i]) != 0 ? 16 : 0;
}

struct Q5_0 {
  static void decode(const Byte* in, float* out) {
    const float scale = half_at(in);
    const Byte* bits = in + 6;
    Byte fifth[32];
    fifth_bits(in + 2, fifth);
    for (int i = 0; i < 16; ++i) out[i] = scale * static_cast<float>(((bits[i] & 15) | fifth[i]) - 16);
    for (int i = 0; i < 16; ++i) out[16 + i] = scale * static_cast<float>(((bits[i] >> 4) | fifth[16 + i]) - 16);
  }
};

struct Q5_1 {
  static void decode(const Byte* in, float* out) {
    const float scale = half_at(in), minimum = half_at(in + 2);
    const Byte* bits = in + 8;
    Byte fifth[32];
    fifth_bits(in + 4, fifth);
    for (int i = 0; i < 16; ++i) out[i] = scale * static_cast<float>((bits[i] & 15) | fifth[i]) + minimum;
    for (int i = 0; i < 16; ++i) out[16 + i] = scale * static_cast<float>((bits[i] >> 4) | fifth[16 + i]) + minimum;
  }
};

struct Q8_0 {
  static void decode(const Byte* in, float* out) {
    const float scale = half_at(in);
    for (int i = 0; i < 32; ++i) out[i] = scale * static_cast<float>(static_cast<std::int8_t>(in[2 + i]));
  }
};

struct IQ4_NL {
  static void decode(const Byte* in, float* out) {
    // Levels that lie closer together around 0, where most weights are.
    constexpr float kLevels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    const float scale = half_at(in);
    const Byte* bits = in + 2;
    for (int i = 0; i < 16; ++i) out[i] = scale * kLevels[bits[i] & 15];
    for (int i = 0; i < 16; ++i) out[16 + i] = scale * kLevels[bits[i] >> 4];
  }
};

// ---- Blocks of 256: an fp16 scale (and minimum) of the block times a small integer for each 16 or 32 elements. ----

struct Q2_K {
  static void decode(const Byte* in, float* out) {
    const Byte *scales = in, *bits = in + 16;
    const float scale = half_at(in + 80), minimum = half_at(in + 82);
    // A byte holds elements 32 apart: 32 bytes are 128 elements.
    for (int group = 0; group < 16; ++group) {
      const float d = scale * static_cast<float>(scales[group] & 15);
      const float m = minimum * static_cast<float>(scales[group] >> 4);
      const Byte* from = bits + 32 * (group / 8) + 16 * (group % 2);
      const int shift = 2 * (group / 2 % 4);
      for (int i = 0; i < 16; ++i) out[16 * group + i] = d * static_cast<float>((from[i] >> shift) & 3) - m;
    }
  }
};

struct Q3_K {
  static void decode(const Byte* in, float* out) {
    const Byte *high = in, *bits = in + 32, *scales = in + 96;
    const float scale = half_at(in + 108);
    for (int group = 0; group < 16; ++group) {
      // Four bits of each scale in bytes 0 to 7, the other two in bytes 8 to 11.
      const int low = scales[group % 8] >> (group < 8 ? 0 : 4) & 15;
      const int top = scales[8 + group % 4] >> (2 * (group / 4)) & 3;
      const float d = scale * static_cast<float>((low | top << 4) - 32);
      const Byte *from = bits + 32 * (group / 8) + 16 * (group % 2), *third = high + 16 * (group % 2);
      const int shift = 2 * (group / 2 % 4), mask = 1 << (group / 2);
      // Where the third bit is not set, 4 is taken away.
      for (int i = 0; i < 16; ++i)
        out[16 * group + i] = d * static_cast<float>(((from[i] >> shift) & 3) - ((third[i] & mask) != 0 ? 0 : 4));
    }
  }
};

// The six-bit scale and minimum of each of 8 groups of 32: of groups 0 to 3 whole bytes, whose top bits belong to
// groups 4 to 7.
struct GroupScales {
  float scale[8], minimum[8];

  GroupScales(const Byte* in, float block_scale, float block_minimum) {
    for (int group = 0; group < 4; ++group) {
      const int a = in[group], b = in[4 + group], rest = in[8 + group];
      scale[group] = block_scale * static_cast<float>(a & 63);
      minimum[group] = block_minimum * static_cast<float>(b & 63);
      scale[4 + group] = block_scale * static_cast<float>((rest & 15) | (a >> 6) << 4);
      minimum[4 + group] = block_minimum * static_cast<float>((rest >> 4) | (b >> 6) << 4);
    }
  }
};

struct Q4_K {
  static void decode(const Byte* in, float* out) {
    const GroupScales of(in + 4, half_at(in), half_at(in + 2));
    const Byte* bits = in + 16;
    for (int group = 0; group < 8; ++group) {
      const float d = of.scale[group], m = of.minimum[group];
      const Byte* from = bits + 32 * (group / 2);
      const int shift = 4 * (group % 2);
      for (int i = 0; i < 32; ++i) out[32 * group + i] = d * static_cast<float>((from[i] >> shift) & 15) - m;
    }
  }
};

struct Q5_K {
  static void decode(const Byte* in, float* out) {
    const GroupScales of(in + 4, half_at(in), half_at(in + 2));
    const Byte *high = in + 16, *bits = in + 48;
    for (int group = 0; group < 8; ++group) {
      const float d = of.scale[group], m = of.minimum[group];
      const Byte* from = bits + 32 * (group / 2);
      const int shift = 4 * (group % 2), mask = 1 << group;
      for (int i = 0; i < 32; ++i)
        out[32 * group + i] = d * static_cast<float>(((from[i] >> shift) & 15) | ((high[i] & mask) != 0 ? 16 : 0)) - m;
    }
  }
};

struct Q6_K {
  static void decode(const Byte* in, float* out) {
    const Byte *bits = in, *high = in + 128, *scales = in + 192;
    const float scale = half_at(in + 208);
    for (int group = 0; group < 16; ++group) {
      const float d = scale * static_cast<float>(static_cast<std::int8_t>(scales[group]));
      // Of each 128 elements, 64 bytes hold the low halves of two times 64, 32 bytes the top bits of four times 32.
      const int half = group / 8, within = 16 * (group % 8);
      const Byte *from = bits + 64 * half + within % 64, *top = high + 32 * half + within % 32;
      const int shift = 4 * (within / 64), top_shift = 2 * (within / 32);
      for (int i = 0; i < 16; ++i)
        out[16 * group + i] = d * static_cast<float>(((from[i] >> shift & 15) | (top[i] >> top_shift & 3) << 4) - 32);
    }
  }
};

template <typename Block>
void decode_blocks(Dtype dtype, const Byte* in, std::int64_t count, float* out) {
  const std::int64_t numel = block_numel(dtype);
  const std::size_t bytes = block_bytes(dtype);
  for (std::int64_t start = 0; start < count; start += numel, in += bytes) Block::decode(in, out + start);
}

// Elements [first, first + count) of an encoded vector, which may begin and end inside blocks.
void decode_part(const TensorView& tensor, std::int64_t first, std::int64_t count, float* out) {
  const std::int64_t numel = block_numel(tensor.dtype);
  std::vector<float> block(static_cast<std::size_t>(numel));
  for (std::int64_t at = first; at < first + count;) {
    decode(tensor.dtype, tensor.bytes.data() + dtype_bytes(tensor.dtype, at / numel * numel), numel, block.data());
    const std::int64_t here = std::min(numel - at % numel, first + count - at);
    out = std::copy_n(block.begin() + at % numel, here, out);
    at += here;
  }
}

}  // namespace

void decode(Dtype dtype, const std::byte* in, std::int64_t count, float* out) {
  if (count % block_numel(dtype) != 0) throw std::logic_error("decode: only whole blocks");
  const auto* bytes = reinterpret_cast<const Byte*>(in);
  switch (dtype) {
    case Dtype::kFloat32: return decode_floats(bytes, count, out);
    case Dtype::kFloat16: return decode_halves(bytes, count, out);
    case Dtype::kBFloat16: return decode_bfloats(bytes, count, out);
    case Dtype::kQ4_0: return decode_blocks<Q4_0>(dtype, bytes, count, out);
    case Dtype::kQ4_1: return decode_blocks<Q4_1>(dtype, bytes, count, out);
    case Dtype::kQ5_0: return decode_blocks<Q5_0>(dtype, bytes, count, out);
    case Dtype::kQ5_1: return decode_blocks<Q5_1>(dtype, bytes, count, out);
    case Dtype::kQ8_0: return decode_blocks<Q8_0>(dtype, bytes, count, out);
    case Dtype::kQ2_K: return decode_blocks<Q2_K>(dtype, bytes, count, out);
    case Dtype::kQ3_K: return decode_blocks<Q3_K>(dtype, bytes, count, out);
    case Dtype::kQ4_K: return decode_blocks<Q4_K>(dtype, bytes, count, out);
    case Dtype::kQ5_K: return decode_blocks<Q5_K>(dtype, bytes, count, out);
    case Dtype::kQ6_K: return decode_blocks<Q6_K>(dtype, bytes, count, out);
    case Dtype::kIQ4_NL: return decode_blocks<IQ4_NL>(dtype, bytes, count, out);
    default: throw std::logic_error("decode: " + std::string(dtype_name(dtype)) + " is no type of weights");
  }
}

void read_rows(const TensorView& tensor, std::int64_t first, std::int64_t count, float* out) {
  const Dtype dtype = tensor.dtype;
  if (!is_weight_dtype(dtype) && !is_encoded(dtype))
    throw Error("tensor ", in_quotes(tensor.name, '\''), " is of type ", dtype_name(dtype), ", which holds no weights");
  const std::int64_t numel = tensor.numel(), width = tensor.shape.size() < 2 ? 1 : tensor.shape.back();
  const std::int64_t rows = width == 0 ? 0 : numel / width;
  if (first < 0 || count < 0 || first > rows || count > rows - first)
    throw std::logic_error("read_rows: " + tensor.name + " does not have these rows");
  if (tensor.bytes.size() != dtype_bytes(dtype, numel) || (width > 1 && width % block_numel(dtype) != 0))
    throw std::logic_error("read_rows: " + tensor.name + " does not have the bytes of its shape");
  if (!tensor.order.as_counted()) {
    TensorView plain = tensor;
    plain.order = {};
    for (std::int64_t i = 0; i < count; ++i) read_rows(plain, tensor.order.place_of(first + i), 1, out + i * width);
    return;
  }
  if (count == 0) return;
  if (width % block_numel(dtype) != 0) return decode_part(tensor, first, count, out);
  decode(dtype, tensor.bytes.data() + dtype_bytes(dtype, first * width), count * width, out);
}

}  // namespace aacft
