#include "aacft/kernels/packed_weights.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstring>
#include <utility>
#include <vector>

#include "aacft/base/memory.h"
#include "kernels/blocks.h"

namespace aacft {
namespace {

constexpr std::pair<WeightType, std::string_view> kNames[] = {{WeightType::kFp32, "fp32"},
                                                              {WeightType::kFp16, "fp16"},
                                                              {WeightType::kBf16, "bf16"},
                                                              {WeightType::kInt8, "int8"},
                                                              {WeightType::kNf4, "nf4"}};

// Inputs packed at a time: a multiple of every group and of the padding.
constexpr std::int64_t kChunk = 128;

std::int64_t round_up(std::int64_t n, std::int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

std::int64_t padded_inputs(std::int64_t in, WeightType type) {
  return round_up(in, scale_group(type) > 0 ? scale_group(type) : 32);
}

std::int64_t value_bytes(std::int64_t out, std::int64_t in, WeightType type) {
  return round_up(out, kBlockOutputs) / kBlockOutputs * padded_inputs(in, type) / inputs_of_line(type) * kLineBytes;
}

// ---- one value ----

float from_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
std::uint32_t to_bits(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

float from_bf16(std::uint16_t x) { return from_bits(static_cast<std::uint32_t>(x) << 16); }

std::uint16_t to_bf16(float x) {
  const std::uint32_t bits = to_bits(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float from_fp16(std::uint16_t x) {
  const std::uint32_t sign = (x & 0x8000u) << 16, magnitude = (x & 0x7fffu) << 13;
  if (magnitude >= 0x0f800000u) return from_bits(sign | 0x7f800000u | magnitude);  // infinity or NaN
  return from_bits(sign | to_bits(from_bits(magnitude) * 0x1p112f));
}

std::uint16_t to_fp16(float x) {
  const std::uint32_t sign = to_bits(x) >> 16 & 0x8000u, magnitude = to_bits(x) & 0x7fffffffu;
  std::uint32_t half;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u;
  } else if (magnitude >= 0x47800000u) {  // 2^16
    half = 0x7c00u;
  } else if (magnitude < 0x38800000u) {  // 2^-14: the sum's last bit is the smallest fp16
    half = to_bits(from_bits(magnitude) + 0.5f) - 0x3f000000u;
  } else {
    half = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | half);
}

template <typename T>
T load(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

float load_value(WeightType type, const std::byte* p) {
  switch (type) {
    case WeightType::kFp32: return load<float>(p);
    case WeightType::kFp16: return from_fp16(load<std::uint16_t>(p));
    default: return from_bf16(load<std::uint16_t>(p));
  }
}

std::int64_t value_size(WeightType stored) { return stored == WeightType::kFp32 ? 4 : 2; }

// ---- a chunk of a block: up to kChunk inputs of 16 outputs ----

typedef std::uint32_t Words __attribute__((vector_size(16)));
typedef std::uint16_t Halfwords __attribute__((vector_size(16)));

using Rows = std::array<const std::byte*, kBlockOutputs>;

// Row-major rows, the first so many of a block or, from `first_row` on, of the whole weight.
struct Source {
  const std::byte* rows;
  WeightType type;
  std::int64_t out, in;
  std::int64_t first_row = 0;

  // Values of 16 rows as `staged`: in place where they are all there and of that type, else in stage, padded with
  // zeros.
  Rows chunk(std::int64_t first, std::int64_t inputs, WeightType staged, float (&stage)[kBlockOutputs][kChunk]) const {
    const std::int64_t row = first_row;
    const std::int64_t present = std::clamp<std::int64_t>(in - first, 0, inputs);
    const bool whole = present == inputs && row + kBlockOutputs <= out;
    Rows chunk;
    if (!whole) std::memset(stage, 0, sizeof stage);
    for (std::int64_t o = 0; o < kBlockOutputs; ++o) {
      const std::byte* const from = rows + ((row + o) * in + first) * value_size(type);
      chunk[static_cast<std::size_t>(o)] = reinterpret_cast<std::byte*>(stage[o]);
      if (row + o >= out) continue;
      if (type != staged) {
        convert(from, present, staged, stage[o]);
      } else if (whole) {
        chunk[static_cast<std::size_t>(o)] = from;
      } else {
        std::memcpy(stage[o], from, static_cast<std::size_t>(present * value_size(type)));
      }
    }
    return chunk;
  }

  void convert(const std::byte* from, std::int64_t count, WeightType wanted, float* to) const {
    for (std::int64_t i = 0; i < count; ++i) {
      const float value = load_value(type, from + i * value_size(type));
      if (wanted == WeightType::kFp32) {
        to[i] = value;
      } else {
        const std::uint16_t half = wanted == WeightType::kFp16 ? to_fp16(value) : to_bf16(value);
        std::memcpy(reinterpret_cast<std::byte*>(to) + 2 * i, &half, 2);
      }
    }
  }
};

bool all_finite(const Rows& rows, std::int64_t row_bytes, WeightType type) {
  Words found{};
  for (const std::byte* row : rows) {
    for (std::int64_t i = 0; i < row_bytes; i += 16) {
      const Words words = load<Words>(row + i);
      if (type == WeightType::kFp32) {
        found |= reinterpret_cast<Words>((words & 0x7f800000u) == 0x7f800000u);
      } else {
        const std::uint16_t exponent = type == WeightType::kFp16 ? 0x7c00 : 0x7f80;
        found |= reinterpret_cast<Words>((reinterpret_cast<Halfwords>(words) & exponent) == exponent);
      }
    }
  }
  return (found[0] | found[1] | found[2] | found[3]) == 0;
}

// to[word][output] = rows[output][word], of 4 bytes: fp32, or two neighbouring 16-bit inputs.
void transpose_words(const Rows& rows, std::int64_t words, std::byte* to) {
  for (std::int64_t first = 0; first < words; first += 16) {  // a line of each row
    for (std::size_t r = 0; r < 16; r += 4) {
      for (std::int64_t w = first; w < first + 16; w += 4) {
        const Words a = load<Words>(rows[r] + 4 * w), b = load<Words>(rows[r + 1] + 4 * w);
        const Words c = load<Words>(rows[r + 2] + 4 * w), d = load<Words>(rows[r + 3] + 4 * w);
        const Words ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5),
                    ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
        const Words cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5),
                    cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        const Words columns[4] = {__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5),
                                  __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
                                  __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5),
                                  __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
        for (std::int64_t i = 0; i < 4; ++i) std::memcpy(to + (w + i) * kLineBytes + r * 4, &columns[i], 16);
      }
    }
  }
}

// Lines of [16 outputs][2 inputs] to [2 inputs][16 outputs].
void separate_pairs(std::byte* lines, std::int64_t count) {
  for (std::byte* line = lines; line < lines + count * kLineBytes; line += kLineBytes) {
    Halfwords x[4];
    std::memcpy(x, line, sizeof x);
    const Halfwords separate[4] = {__builtin_shufflevector(x[0], x[1], 0, 2, 4, 6, 8, 10, 12, 14),
                                   __builtin_shufflevector(x[2], x[3], 0, 2, 4, 6, 8, 10, 12, 14),
                                   __builtin_shufflevector(x[0], x[1], 1, 3, 5, 7, 9, 11, 13, 15),
                                   __builtin_shufflevector(x[2], x[3], 1, 3, 5, 7, 9, 11, 13, 15)};
    std::memcpy(line, separate, sizeof separate);
  }
}

float largest_magnitude(const float* x, std::int64_t count) {
  float largest = 0.0f;
  for (std::int64_t i = 0; i < count; ++i) largest = std::max(largest, x[i] < 0 ? -x[i] : x[i]);
  return largest;
}

// A scale's reciprocal; 0 where it would not be finite.
float reciprocal(float scale) { return scale >= 0x1p-126f ? 1.0f / scale : 0.0f; }

// The quantised values of one group of one output. Levels are relative to the scale as it is stored, rounded to bf16.
std::uint16_t quantise_int8(const float* x, std::int8_t (&q)[128]) {
  const std::uint16_t scale = to_bf16(largest_magnitude(x, 128) / 127.0f);
  const float factor = reciprocal(from_bf16(scale));
  for (int i = 0; i < 128; ++i) {
    float scaled = x[i] * factor;
    scaled = scaled < 127.0f ? scaled : 127.0f;
    scaled = scaled > -127.0f ? scaled : -127.0f;
    q[i] = static_cast<std::int8_t>((scaled + 0x1.8p23f) - 0x1.8p23f);  // to the nearest integer
  }
  return scale;
}

std::uint16_t quantise_nf4(const float* x, std::uint8_t (&q)[64]) {
  const std::uint16_t scale = to_bf16(largest_magnitude(x, 64));
  const float factor = reciprocal(from_bf16(scale));
  float scaled[64];
  std::int32_t level[64] = {};
  for (int i = 0; i < 64; ++i) scaled[i] = x[i] * factor;
  for (int l = 0; l < 15; ++l) {
    const float middle = (kNf4Levels[l] + kNf4Levels[l + 1]) / 2;
    for (int i = 0; i < 64; ++i) level[i] += scaled[i] > middle ? 1 : 0;
  }
  for (int i = 0; i < 64; ++i) q[i] = static_cast<std::uint8_t>(level[i]);
  return scale;
}

// Where a block has the byte of an input and an output.
std::int64_t nf4_place(std::int64_t input, std::int64_t output) {
  return input / 8 * kLineBytes + output / 4 * 16 + input % 4 * 4 + output % 4;
}

// fp32 rows to lines and scales.
void quantise(const Rows& chunk, std::int64_t inputs, WeightType type, std::byte* lines, std::uint16_t* scales) {
  for (std::int64_t output = 0; output < kBlockOutputs; ++output) {
    float row[kChunk];
    std::memcpy(row, chunk[static_cast<std::size_t>(output)], static_cast<std::size_t>(inputs) * 4);
    if (type == WeightType::kInt8) {
      std::int8_t q[128];
      scales[output] = quantise_int8(row, q);
      for (std::int64_t i = 0; i < 128; ++i) lines[i * 16 + output] = static_cast<std::byte>(q[i]);
    } else {
      for (std::int64_t first = 0; first < inputs; first += 64) {
        std::uint8_t q[64];
        scales[first / 64 * kBlockOutputs + output] = quantise_nf4(row + first, q);
        for (std::int64_t i = 0; i < 64; ++i)
          if (i % 8 < 4) lines[nf4_place(first + i, output)] = static_cast<std::byte>(q[i] | q[i + 4] << 4);
      }
    }
  }
}

}  // namespace

std::string_view weight_type_name(WeightType type) {
  for (const auto& [known, name] : kNames)
    if (known == type) return name;
  return "";
}

std::optional<WeightType> parse_weight_type(std::string_view name) {
  for (const auto& [type, known] : kNames)
    if (known == name) return type;
  return std::nullopt;
}

std::int64_t PackedWeights::padded_out() const { return round_up(out_, kBlockOutputs); }
std::int64_t PackedWeights::padded_in() const { return padded_inputs(in_, type_); }

const std::uint16_t* PackedWeights::scales() const {
  return scale_group(type_) == 0 ? nullptr
                                 : reinterpret_cast<const std::uint16_t*>(values_ + value_bytes(out_, in_, type_));
}

std::size_t PackedWeights::bytes(std::int64_t out, std::int64_t in, WeightType type) {
  std::int64_t bytes = value_bytes(out, in, type);
  if (scale_group(type) > 0) bytes += round_up(out, kBlockOutputs) * padded_inputs(in, type) / scale_group(type) * 2;
  return static_cast<std::size_t>(bytes);
}

template <typename SourceOf>
PackedWeights PackedWeights::pack_blocks(std::int64_t out, std::int64_t in, WeightType type,
                                         const SourceOf& source_of) {
  assert(out > 0 && in > 0);
  PackedWeights packed;
  packed.out_ = out;
  packed.in_ = in;
  packed.type_ = type;
  packed.memory_ = Memory(bytes(out, in, type));
  packed.values_ = packed.memory_.data();

  const std::int64_t padded = packed.padded_in(), group = scale_group(type);
  const WeightType staged = group > 0 ? WeightType::kFp32 : type;  // what lines are made from
  std::byte* const lines = packed.memory_.data();
  std::uint16_t* const scales = const_cast<std::uint16_t*>(packed.scales());
  std::atomic<bool> finite = true;

  for_each_row(packed.padded_out() / kBlockOutputs, kBlockOutputs * in, [&](std::int64_t block) {
    alignas(64) float stage[kBlockOutputs][kChunk];
    bool block_finite = true;
    const Source source = source_of(block);
    for (std::int64_t first = 0; first < padded; first += kChunk) {
      const std::int64_t inputs = std::min(kChunk, padded - first);
      const Rows chunk = source.chunk(first, inputs, staged, stage);
      const std::int64_t row_bytes = inputs * value_size(staged);
      block_finite &= all_finite(chunk, row_bytes, staged);
      std::byte* const to = lines + (block * padded + first) / inputs_of_line(type) * kLineBytes;
      if (group > 0) {
        quantise(chunk, inputs, type, to, scales + (block * padded + first) / group * kBlockOutputs);
      } else {
        transpose_words(chunk, row_bytes / 4, to);
        if (type == WeightType::kFp16) separate_pairs(to, row_bytes / 4);
      }
    }
    if (!block_finite) finite = false;
  });
  packed.finite_ = finite;
  return packed;
}

PackedWeights PackedWeights::pack(const void* rows, WeightType stored, std::int64_t out, std::int64_t in,
                                  WeightType type) {
  assert(scale_group(stored) == 0);
  return pack_blocks(out, in, type, [&](std::int64_t block) {
    return Source{static_cast<const std::byte*>(rows), stored, out, in, block * kBlockOutputs};
  });
}

PackedWeights PackedWeights::pack(const RowReader& read, std::int64_t out, std::int64_t in, WeightType type) {
  return pack_blocks(out, in, type, [&](std::int64_t block) {
    thread_local std::vector<float> rows;
    rows.resize(static_cast<std::size_t>(kBlockOutputs * in));
    const std::int64_t first = block * kBlockOutputs, count = std::min(kBlockOutputs, out - first);
    read(first, count, rows.data());
    return Source{reinterpret_cast<const std::byte*>(rows.data()), WeightType::kFp32, count, in};
  });
}

PackedWeights PackedWeights::over(const std::byte* packed, std::int64_t out, std::int64_t in, WeightType type) {
  PackedWeights weights;
  weights.out_ = out;
  weights.in_ = in;
  weights.type_ = type;
  weights.values_ = packed;
  return weights;
}

void PackedWeights::unpack(std::int64_t first, std::int64_t count, float* rows) const {
  assert(first >= 0 && count >= 0 && first + count <= out_);
  const std::int64_t padded = padded_in(), group = scale_group(type_);
  for_each_row(count, in_, [&](std::int64_t row) {
    const std::int64_t block = (first + row) / kBlockOutputs, o = (first + row) % kBlockOutputs;
    const std::byte* lines = values() + block * padded / inputs_of_line(type_) * kLineBytes;
    float* to = rows + row * in_;
    for (std::int64_t i = 0; i < in_; ++i) {
      const std::byte* line = lines + i / inputs_of_line(type_) * kLineBytes;
      if (group == 0) {
        to[i] = load_value(type_, line + (type_ == WeightType::kFp32   ? o * 4
                                          : type_ == WeightType::kFp16 ? i % 2 * 32 + o * 2
                                                                       : o * 4 + i % 2 * 2));
        continue;
      }
      const float scale = from_bf16(scales()[(block * padded + i) / group * kBlockOutputs + o]);
      to[i] = scale * (type_ == WeightType::kInt8
                           ? static_cast<float>(load<std::int8_t>(line + i % 4 * 16 + o))
                           : kNf4Levels[load<std::uint8_t>(lines + nf4_place(i, o)) >> i % 8 / 4 * 4 & 15]);
    }
  });
}

}  // namespace aacft
