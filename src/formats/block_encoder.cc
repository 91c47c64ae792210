// Compiled without contraction, as block_encoding.cc, and for the same reason.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "aacft/formats/block_encoding.h"
#include "half.h"
#include "k_blocks.h"

namespace aacft {
namespace {

using Byte = std::uint8_t;

constexpr std::int64_t kBlock = 32;

bool all_finite(const float* in, std::int64_t count) {
  std::uint32_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, std::bit_cast<std::uint32_t>(in[i]) << 1);
  return largest < 0xFF000000u;
}

bool put_half(float value, Byte* out) {
  const std::uint16_t half = float_to_half(value);
  std::memcpy(out, &half, sizeof half);
  return (half & 0x7C00u) != 0x7C00u;
}

bool encode_halves(const float* in, std::int64_t count, Byte* out) {
  std::uint32_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t half = float_to_half(in[i]);
    largest = std::max(largest, half & 0x7FFFu);
    const auto stored = static_cast<std::uint16_t>(half);
    std::memcpy(out + 2 * i, &stored, sizeof stored);
  }
  return largest < 0x7C00u;
}

bool encode_bfloats(const float* in, std::int64_t count, Byte* out) {
  std::uint32_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint16_t upper = float_to_bfloat(in[i]);
    largest = std::max(largest, upper & 0x7FFFu);
    std::memcpy(out + 2 * i, &upper, sizeof upper);
  }
  return largest < 0x7F80u && all_finite(in, count);
}

// ---- blocks of 32 ----

// Of the largest magnitudes, the first.
float largest(const float* in) {
  float lanes[8] = {};
  for (int i = 0; i < kBlock; i += 8)
    for (int lane = 0; lane < 8; ++lane) {
      const float magnitude = std::fabs(in[i + lane]);
      lanes[lane] = lanes[lane] < magnitude ? magnitude : lanes[lane];
    }
  const float most = *std::max_element(lanes, lanes + 8);
  if (most == 0) return 0;
  const float* first = in;
  while (std::fabs(*first) != most) ++first;
  return *first;
}

// Of equal ones (0 and -0) the first.
template <typename Better>
float extreme(const float* in, const Better& better) {
  float lanes[8];
  std::copy_n(in, 8, lanes);
  for (int i = 8; i < kBlock; i += 8)
    for (int lane = 0; lane < 8; ++lane) lanes[lane] = better(in[i + lane], lanes[lane]) ? in[i + lane] : lanes[lane];
  float found = lanes[0];
  for (const float lane : lanes) found = better(lane, found) ? lane : found;
  return *std::find(in, in + kBlock, found);
}

float inverse_of(float scale) {
  const float inverse = scale != 0 ? 1 / scale : 0;
  // Of a scale so small that fp16 has nothing but 0 for it: whatever the elements were, they are 0 then.
  return std::isfinite(inverse) ? inverse : 0;
}

// Whole numbers from 0 to `most`, of values that truncate to at least 0.
void truncate(const float* values, int most, Byte* out) {
  for (int i = 0; i < kBlock; ++i) out[i] = static_cast<Byte>(std::min(static_cast<int>(values[i]), most));
}

void pack_nibbles(const Byte* q, Byte* out) {
  for (int i = 0; i < 16; ++i) out[i] = static_cast<Byte>((q[i] & 15) | (q[16 + i] & 15) << 4);
}

void pack_fifth_bits(const Byte* q, Byte* out) {
  std::uint32_t bits = 0;
  for (int i = 0; i < kBlock; ++i) bits |= static_cast<std::uint32_t>(q[i] >> 4) << i;
  std::memcpy(out, &bits, sizeof bits);
}

// One scale, and levels around 0: the largest magnitude gets the lowest level.
bool encode_around_zero(const float* in, int half_levels, Byte* out, Byte* q) {
  const float scale = largest(in) / static_cast<float>(-half_levels), inverse = inverse_of(scale);
  const float shift = static_cast<float>(half_levels) + 0.5f;
  float values[kBlock];
  for (int i = 0; i < kBlock; ++i) values[i] = in[i] * inverse + shift;
  if (inverse == 0 && scale != 0) std::fill_n(values, kBlock, 0.0f);
  truncate(values, 2 * half_levels - 1, q);
  return put_half(scale, out);
}

// A scale and a minimum.
bool encode_above_minimum(const float* in, int levels, Byte* out, Byte* q) {
  const float low = extreme(in, [](float a, float b) { return a < b; });
  const float high = extreme(in, [](float a, float b) { return a > b; });
  const float scale = (high - low) / static_cast<float>(levels), inverse = inverse_of(scale);
  if (!std::isfinite(scale)) return false;
  float values[kBlock];
  for (int i = 0; i < kBlock; ++i) values[i] = (in[i] - low) * inverse + 0.5f;
  truncate(values, levels, q);
  const bool low_fits = put_half(low, out + 2);
  return put_half(scale, out) && low_fits;
}

bool encode_q4_0(const float* in, Byte* out) {
  Byte q[kBlock];
  const bool fits = encode_around_zero(in, 8, out, q);
  pack_nibbles(q, out + 2);
  return fits;
}

bool encode_q5_0(const float* in, Byte* out) {
  Byte q[kBlock];
  const bool fits = encode_around_zero(in, 16, out, q);
  pack_fifth_bits(q, out + 2);
  pack_nibbles(q, out + 6);
  return fits;
}

bool encode_q4_1(const float* in, Byte* out) {
  Byte q[kBlock];
  const bool fits = encode_above_minimum(in, 15, out, q);
  pack_nibbles(q, out + 4);
  return fits;
}

bool encode_q5_1(const float* in, Byte* out) {
  Byte q[kBlock];
  const bool fits = encode_above_minimum(in, 31, out, q);
  pack_fifth_bits(q, out + 4);
  pack_nibbles(q, out + 8);
  return fits;
}

// To the nearest, ties away from 0.
bool encode_q8_0(const float* in, Byte* out) {
  const float scale = std::fabs(largest(in)) / 127, inverse = inverse_of(scale);
  for (int i = 0; i < kBlock; ++i) {
    const float value = in[i] * inverse, whole = static_cast<float>(static_cast<int>(value));
    const int away = value - whole >= 0.5f ? 1 : value - whole <= -0.5f ? -1 : 0;
    out[2 + i] = static_cast<Byte>(static_cast<int>(whole) + away);
  }
  return put_half(scale, out);
}

bool encode_blocks(bool (*encode_block)(const float*, Byte*), Dtype dtype, const float* in, std::int64_t count,
                   Byte* out) {
  bool fits = all_finite(in, count);
  for (std::int64_t start = 0; fits && start < count; start += kBlock, out += block_bytes(dtype))
    fits = encode_block(in + start, out);
  return fits;
}

}  // namespace

bool can_encode(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFloat32:
    case Dtype::kFloat16:
    case Dtype::kBFloat16:
    case Dtype::kQ4_0:
    case Dtype::kQ4_1:
    case Dtype::kQ5_0:
    case Dtype::kQ5_1:
    case Dtype::kQ8_0:
    case Dtype::kQ4_K:
    case Dtype::kQ5_K:
    case Dtype::kQ6_K: return true;
    default: return false;
  }
}

bool encode(Dtype dtype, const float* in, std::int64_t count, std::byte* out) {
  if (count % block_numel(dtype) != 0) throw std::logic_error("encode: only whole blocks");
  auto* bytes = reinterpret_cast<Byte*>(out);
  switch (dtype) {
    case Dtype::kFloat32: std::memcpy(out, in, static_cast<std::size_t>(count) * 4); return all_finite(in, count);
    case Dtype::kFloat16: return encode_halves(in, count, bytes);
    case Dtype::kBFloat16: return encode_bfloats(in, count, bytes);
    case Dtype::kQ4_0: return encode_blocks(encode_q4_0, dtype, in, count, bytes);
    case Dtype::kQ4_1: return encode_blocks(encode_q4_1, dtype, in, count, bytes);
    case Dtype::kQ5_0: return encode_blocks(encode_q5_0, dtype, in, count, bytes);
    case Dtype::kQ5_1: return encode_blocks(encode_q5_1, dtype, in, count, bytes);
    case Dtype::kQ8_0: return encode_blocks(encode_q8_0, dtype, in, count, bytes);
    case Dtype::kQ4_K:
    case Dtype::kQ5_K:
    case Dtype::kQ6_K: return all_finite(in, count) && encode_k_blocks(dtype, in, count, bytes);
    default: throw std::logic_error("encode: " + std::string(dtype_name(dtype)) + " is not written");
  }
}

}  // namespace aacft
