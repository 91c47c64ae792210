// fp16 and bf16 from and to fp32, without a branch, so that loops over them become vector code; rounded to the nearest,
// ties to even. Nothing here is a subnormal fp32 that an operation could take for 0, as a processor may have been told.
#pragma once

#include <bit>
#include <cstdint>

namespace aacft {

// fp16: exponents are shifted from a bias of 15 to 127. Numbers below 2^-14 have no leading one: they are put under an
// exponent as if they had, and it is taken away again. Both are computed.
inline float half_to_float(std::uint16_t half) {
  const std::uint32_t magnitude = (half & 0x7FFFu) << 13;
  const std::uint32_t exponent = magnitude & 0x0F800000u;
  const std::uint32_t normal = magnitude + (112u << 23) + (exponent == 0x0F800000u ? 112u << 23 : 0u);
  const std::uint32_t tiny =
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude + (113u << 23)) - std::bit_cast<float>(113u << 23));
  return std::bit_cast<float>((exponent == 0 ? tiny : normal) | (half & 0x8000u) << 16);
}

// What is too large becomes an infinity, as do infinities; NaN stays one. Below 2^-14 a sum with 0.5, whose last place
// is that of the small halves, rounds.
inline std::uint16_t float_to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value), magnitude = bits & 0x7FFFFFFFu;
  const std::uint32_t normal = (magnitude + 0xFFFu + ((magnitude >> 13) & 1u) - (112u << 23)) >> 13;
  const std::uint32_t tiny = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - (126u << 23);
  const std::uint32_t large = magnitude > 0x7F800000u ? 0x7E00u : 0x7C00u;
  const std::uint32_t half = magnitude < (113u << 23) ? tiny : magnitude >= 0x477FF000u ? large : normal;
  return static_cast<std::uint16_t>(half | (bits >> 16 & 0x8000u));
}

// Infinities stay; NaN is not to be asked for.
inline std::uint16_t float_to_bfloat(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace aacft
