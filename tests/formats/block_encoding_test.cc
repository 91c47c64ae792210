#include "aacft/formats/block_encoding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <iterator>
#include <limits>
#include <random>
#include <stdexcept>

#include "aacft/formats/safetensors.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

constexpr Dtype kEncodings[] = {Dtype::kQ4_0, Dtype::kQ4_1, Dtype::kQ5_0, Dtype::kQ5_1, Dtype::kQ8_0,  Dtype::kQ2_K,
                                Dtype::kQ3_K, Dtype::kQ4_K, Dtype::kQ5_K, Dtype::kQ6_K, Dtype::kIQ4_NL};

std::vector<float> decoded(Dtype dtype, std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / block_bytes(dtype) * static_cast<std::size_t>(block_numel(dtype)));
  decode(dtype, bytes.data(), static_cast<std::int64_t>(values.size()), values.data());
  return values;
}

std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 24);
  return bytes;
}

// The same bits; which NaN it is does not matter.
void expect_same(const std::vector<float>& got, const std::vector<float>& expected, std::string_view what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i)
    ASSERT_TRUE((std::isnan(got[i]) && std::isnan(expected[i])) ||
                std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(expected[i]))
        << what << " " << i << ": " << got[i] << " instead of " << expected[i];
}

TEST(BlockEncoding, ValuesOfThePackageGguf) {
  const SafetensorsFile file(source_dir() / "tests/formats/data/blocks.safetensors");
  const auto check = [&](const std::string& name, Dtype dtype) {
    const TensorView *blocks = find(file.tensors(), name + ".blocks"), *values = find(file.tensors(), name + ".values");
    ASSERT_TRUE(blocks != nullptr && values != nullptr) << name;
    expect_same(decoded(dtype, blocks->bytes), decoded(Dtype::kFloat32, values->bytes), name);
  };
  for (const Dtype dtype : kEncodings) check(std::string(dtype_name(dtype)), dtype);
  check("F16", Dtype::kFloat16);
  check("BF16", Dtype::kBFloat16);
}

TEST(BlockEncoding, EveryHalf) {
  std::vector<std::uint16_t> halves(65536);
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  const std::string bytes = "x" + raw(halves);
  const TensorView tensor = view("x", Dtype::kFloat16, {65536}, std::string_view(bytes).substr(1));
  const std::vector<float> values = decoded(Dtype::kFloat16, tensor.bytes);
  for (std::int64_t i = 0; i < 65536; ++i) {
    const float got = values[static_cast<std::size_t>(i)];
    const int exponent = static_cast<int>(i >> 10) & 31, mantissa = static_cast<int>(i) & 1023;
    if (exponent < 31) {
      ASSERT_EQ(static_cast<double>(got), value_at(tensor, i)) << i;
    } else {
      ASSERT_EQ(std::isinf(got), mantissa == 0) << i;
      ASSERT_EQ(std::isnan(got), mantissa != 0) << i;
    }
    ASSERT_EQ(std::signbit(got), i >= 32768) << i;
  }
}

// Element i of a block by itself, from the layout's description: every bit is looked up by the element's number.
class SlowBlock {
 public:
  SlowBlock(Dtype dtype, const unsigned char* block) : dtype_(dtype), block_(block) {}

  float value(int i) const {
    const int fifth = dtype_ == Dtype::kQ5_0 ? bit(2, i) : dtype_ == Dtype::kQ5_1 ? bit(4, i) : 0;
    switch (dtype_) {
      case Dtype::kQ4_0: return times(half(0), nibble(2, i) - 8);
      case Dtype::kQ4_1: return plus(times(half(0), nibble(4, i)), half(2));
      case Dtype::kQ5_0: return times(half(0), nibble(6, i) + 16 * fifth - 16);
      case Dtype::kQ5_1: return plus(times(half(0), nibble(8, i) + 16 * fifth), half(2));
      case Dtype::kQ8_0: return times(half(0), signed_byte(2 + i));
      case Dtype::kIQ4_NL: {
        constexpr int kLevels[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
        return times(half(0), kLevels[nibble(2, i)]);
      }
      default: return value_of_256(i);
    }
  }

 private:
  float value_of_256(int i) const {
    const int in_128 = i % 128, half_number = i / 128;
    // Two bits of each element: bytes 0 to 31 serve the first 128, each for elements 32 apart.
    const auto two_bits = [&](int from) { return block_[from + 32 * half_number + i % 32] >> (2 * (in_128 / 32)) & 3; };
    switch (dtype_) {
      case Dtype::kQ2_K: {
        const int scale = block_[i / 16];
        return plus(times(times(half(80), scale % 16), two_bits(16)), -times(half(82), scale / 16));
      }
      case Dtype::kQ3_K: {
        const int third = block_[i % 32] >> (i / 32) & 1, group = i / 16;
        const int low = block_[96 + group % 8] >> (group / 8 * 4) & 15,
                  top = block_[104 + group % 4] >> (group / 4 * 2) & 3;
        return times(times(half(108), low + 16 * top - 32), two_bits(32) + 4 * third - 4);
      }
      case Dtype::kQ4_K:
      case Dtype::kQ5_K: {
        const int bits = dtype_ == Dtype::kQ4_K ? 16 : 48, group = i / 32;
        int q = block_[bits + i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15;
        if (dtype_ == Dtype::kQ5_K) q += 16 * (block_[16 + i % 32] >> group & 1);
        const int scale = group < 4 ? block_[4 + group] & 63 : (block_[8 + group] & 15) + (block_[group] >> 6) * 16,
                  minimum =
                      group < 4 ? block_[8 + group] & 63 : (block_[8 + group] >> 4) + (block_[4 + group] >> 6) * 16;
        return plus(times(times(half(0), scale), q), -times(half(2), minimum));
      }
      default: {
        const int low = block_[64 * half_number + in_128 % 64] >> (in_128 / 64 * 4) & 15;
        return times(times(half(208), signed_byte(192 + i / 16)), low + 16 * two_bits(128) - 32);
      }
    }
  }

  int nibble(int from, int i) const { return i < 16 ? block_[from + i] & 15 : block_[from + i - 16] >> 4; }
  int bit(int from, int i) const { return block_[from + i / 8] >> (i % 8) & 1; }
  int signed_byte(int at) const { return block_[at] < 128 ? block_[at] : block_[at] - 256; }
  float half(int at) const {
    const std::string_view bytes(reinterpret_cast<const char*>(block_) + at, 2);
    return static_cast<float>(value_at(view("", Dtype::kFloat16, {1}, bytes), 0));
  }
  // Each rounded to fp32, whatever the compiler would like to fuse.
  static float times(float a, int b) {
    volatile float product = a * static_cast<float>(b);
    return product;
  }
  static float plus(float a, float b) {
    volatile float sum = a + b;
    return sum;
  }

  Dtype dtype_;
  const unsigned char* block_;
};

TEST(BlockEncoding, EveryElementByTheSlowReference) {
  constexpr int kBlocks = 400;
  for (const Dtype dtype : kEncodings) {
    const std::size_t size = block_bytes(dtype);
    std::string bytes = random_bytes(kBlocks * size, 7);
    // value_at knows no infinities.
    const auto is_infinite = [&](std::size_t i) { return (static_cast<unsigned char>(bytes[i]) & 0x7C) == 0x7C; };
    for (std::size_t i = 0; i < bytes.size(); ++i)
      if (is_infinite(i)) bytes[i] = static_cast<char>(bytes[i] ^ 0x40);
    const std::vector<float> values = decoded(dtype, std::as_bytes(std::span(bytes)));
    std::vector<float> expected;
    for (std::size_t block = 0; block < kBlocks; ++block)
      for (int i = 0; i < block_numel(dtype); ++i)
        expected.push_back(
            SlowBlock(dtype, reinterpret_cast<const unsigned char*>(bytes.data()) + block * size).value(i));
    expect_same(values, expected, dtype_name(dtype));
  }
}

TEST(BlockEncoding, RowsOfAMatrixAndElementsOfAVector) {
  for (const Dtype dtype : {Dtype::kFloat32, Dtype::kFloat16, Dtype::kBFloat16, Dtype::kQ5_1, Dtype::kQ3_K}) {
    constexpr std::int64_t kRows = 5, kColumns = 512;
    const std::string bytes = random_bytes(1 + dtype_bytes(dtype, kRows * kColumns), 3);
    const std::string_view unaligned = std::string_view(bytes).substr(1);
    const std::vector<float> all = decoded(dtype, std::as_bytes(std::span(unaligned)));
    const auto part = [&](std::int64_t first, std::int64_t count) {
      return std::vector<float>(all.begin() + first, all.begin() + first + count);
    };
    const TensorView matrix = view("m", dtype, {kRows, kColumns}, unaligned),
                     vector = view("v", dtype, {kRows * kColumns}, unaligned);
    for (std::int64_t first = 0; first <= kRows; ++first)
      for (std::int64_t count = 0; first + count <= kRows; ++count) {
        std::vector<float> rows(static_cast<std::size_t>(count * kColumns));
        read_rows(matrix, first, count, rows.data());
        expect_same(rows, part(first * kColumns, count * kColumns), dtype_name(dtype));
      }
    for (const auto& [first, count] : {std::pair<std::int64_t, std::int64_t>{0, 2560},
                                       {31, 2},
                                       {0, 32},
                                       {255, 700},
                                       {2559, 1},
                                       {2560, 0},
                                       {256, 256}}) {
      std::vector<float> elements(static_cast<std::size_t>(count));
      read_rows(vector, first, count, elements.data());
      expect_same(elements, part(first, count), dtype_name(dtype));
    }
    std::vector<float> none(1);
    EXPECT_THROW(read_rows(matrix, 5, 1, none.data()), std::logic_error);
    EXPECT_THROW(read_rows(matrix, -1, 1, none.data()), std::logic_error);
    EXPECT_THROW(read_rows(vector, 0, 2561, none.data()), std::logic_error);
    TensorView three = matrix;
    three.shape = {1, kRows, kColumns};
    std::vector<float> row(kColumns);
    read_rows(three, 4, 1, row.data());
    expect_same(row, part(4 * kColumns, kColumns), dtype_name(dtype));
    three.bytes = three.bytes.first(three.bytes.size() - 1);
    EXPECT_THROW(read_rows(three, 0, 1, row.data()), std::logic_error);
  }
  float number = 0;
  const std::string bytes = raw<float>({2.5f});
  read_rows(view("scalar", Dtype::kFloat32, {}, bytes), 0, 1, &number);
  EXPECT_EQ(number, 2.5f);
  expect_error([&] { read_rows(view("ids", Dtype::kInt32, {1}, bytes), 0, 1, &number); }, {"'ids'", "int32"});
  EXPECT_THROW(decode(Dtype::kInt32, nullptr, 0, nullptr), std::logic_error);
  EXPECT_THROW(decode(Dtype::kQ4_0, nullptr, 16, nullptr), std::logic_error);
}

// What is not finite is found by its scales alone; the values say the same.
TEST(BlockEncoding, FirstValueThatIsNotFinite) {
  for (const Dtype dtype : kEncodings) {
    const std::size_t size = block_bytes(dtype);
    std::string bytes(20 * size, '\1');
    const TensorView tensor = view("x", dtype, {20 * block_numel(dtype)}, bytes);
    EXPECT_EQ(first_non_finite(tensor), std::nullopt) << dtype_name(dtype);
    int scales = 0;
    for (std::size_t i = 0; i + 1 < size; ++i) {
      // An infinity at every place of a block: only where the scales are does it matter.
      std::string damaged = bytes;
      damaged[3 * size + i] = '\0', damaged[3 * size + i + 1] = '\x7C';
      const TensorView changed = view("x", dtype, tensor.shape, damaged);
      const std::vector<float> values = decoded(dtype, changed.bytes);
      const auto bad = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
      const auto found = first_non_finite(changed);
      EXPECT_EQ(found.value_or(static_cast<std::int64_t>(values.size())), bad - values.begin()) << dtype_name(dtype);
      scales += found.has_value();
    }
    EXPECT_GE(scales, 1) << dtype_name(dtype);
  }
}

// ---- the other way round ----

constexpr Dtype kWritten[] = {Dtype::kFloat32, Dtype::kFloat16, Dtype::kBFloat16, Dtype::kQ4_0,
                              Dtype::kQ4_1,    Dtype::kQ5_0,    Dtype::kQ5_1,     Dtype::kQ8_0,
                              Dtype::kQ4_K,    Dtype::kQ5_K,    Dtype::kQ6_K};

std::vector<std::byte> encoded(Dtype dtype, std::span<const float> values) {
  std::vector<std::byte> bytes(dtype_bytes(dtype, static_cast<std::int64_t>(values.size())));
  EXPECT_TRUE(encode(dtype, values.data(), static_cast<std::int64_t>(values.size()), bytes.data()))
      << dtype_name(dtype);
  return bytes;
}

double squared_error(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
  return sum;
}

std::vector<float> random_values(std::size_t count, unsigned seed, float scale) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  // Sums of four uniform numbers: alike on every machine, which distributions of the library are not.
  for (float& value : values) {
    value = 0;
    for (int i = 0; i < 4; ++i) value += (static_cast<float>(random() >> 8) * 0x1p-24f - 0.5f) * scale;
  }
  return values;
}

TEST(BlockEncoder, BytesOfGgml) {
  const SafetensorsFile file(source_dir() / "tests/formats/data/encoded.safetensors");
  const std::vector<float> values = decoded(Dtype::kFloat32, find(file.tensors(), "values")->bytes);
  const auto check = [&](const std::string& name, Dtype dtype) {
    const TensorView* expected = find(file.tensors(), name + ".blocks");
    ASSERT_NE(expected, nullptr) << name;
    const std::vector<std::byte> bytes = encoded(dtype, values);
    ASSERT_EQ(bytes.size(), expected->bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i)
      ASSERT_EQ(bytes[i], expected->bytes[i]) << name << ", byte " << i << " of block " << i / block_bytes(dtype);
  };
  for (const Dtype dtype : {Dtype::kQ4_0, Dtype::kQ4_1, Dtype::kQ5_0, Dtype::kQ5_1, Dtype::kQ8_0})
    check(std::string(dtype_name(dtype)), dtype);
  check("F16", Dtype::kFloat16);
  check("BF16", Dtype::kBFloat16);
}

TEST(BlockEncoder, NearerThanGgml) {
  const SafetensorsFile file(source_dir() / "tests/formats/data/encoded.safetensors");
  const std::vector<float> values = decoded(Dtype::kFloat16, find(file.tensors(), "some.values")->bytes);
  for (const Dtype dtype : {Dtype::kQ4_K, Dtype::kQ5_K, Dtype::kQ6_K}) {
    const TensorView* theirs = find(file.tensors(), std::string(dtype_name(dtype)) + ".blocks");
    ASSERT_NE(theirs, nullptr);
    EXPECT_LT(squared_error(decoded(dtype, encoded(dtype, values)), values),
              squared_error(decoded(dtype, theirs->bytes), values))
        << dtype_name(dtype);
  }
}

// Blocks of one kind of values each, which a search might stumble over: none may be further off than half a step of the
// coarsest sensible scale, from the largest magnitude.
TEST(BlockEncoder, NoBlockIsFarOff) {
  const std::vector<float> random = random_values(256, 7, 1);
  const std::function<float(std::size_t)> kinds[] = {
      [](std::size_t) { return 0.0f; },
      [](std::size_t) { return -0.25f; },
      [](std::size_t) { return 0.25f; },
      [](std::size_t i) { return i == 100 ? 3.0f : 0.0f; },
      [](std::size_t i) { return i == 100 ? -3.0f : 0.0f; },
      [](std::size_t i) { return i % 2 == 0 ? 1.0f : -1.0f; },
      [&](std::size_t i) { return 5 + 0.1f * random[i]; },
      [&](std::size_t i) { return -5 + 0.1f * random[i]; },
      [&](std::size_t i) { return random[i] * std::pow(10.0f, -static_cast<float>(i / 32)); },
      [&](std::size_t i) { return 3e4f * random[i]; },
      [&](std::size_t i) { return 1e-42f * random[i]; },
      [](std::size_t i) { return static_cast<float>(i); },
  };
  for (const Dtype dtype : kWritten) {
    if (!is_encoded(dtype)) continue;
    const bool four = dtype == Dtype::kQ4_0 || dtype == Dtype::kQ4_1 || dtype == Dtype::kQ4_K;
    for (std::size_t kind = 0; kind < std::size(kinds); ++kind) {
      std::vector<float> values(256);
      float magnitude = 0;
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = kinds[kind](i);
        magnitude = std::max(magnitude, std::fabs(values[i]));
      }
      const std::vector<float> got = decoded(dtype, encoded(dtype, values));
      const float bound = magnitude * (four ? 1 / 7.0f : 1 / 15.0f) + 0x1p-23f;
      for (std::size_t i = 0; i < values.size(); ++i)
        ASSERT_LE(std::fabs(got[i] - values[i]), bound) << dtype_name(dtype) << ", kind " << kind << ", " << i;
    }
  }
}

// Where there is a scale that fits, nothing is lost.
TEST(BlockEncoder, HalvesAndWholeNumbersComeBack) {
  std::vector<float> halves;
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const std::string bytes = raw(std::vector<std::uint16_t>{static_cast<std::uint16_t>(i)});
    if ((i & 0x7C00) != 0x7C00) halves.push_back(decoded(Dtype::kFloat16, std::as_bytes(std::span(bytes)))[0]);
  }
  expect_same(decoded(Dtype::kFloat16, encoded(Dtype::kFloat16, halves)), halves, "halves");
  std::vector<float> whole(256);
  for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = static_cast<float>(i % 16) - 8;
  for (const Dtype dtype : {Dtype::kQ4_0, Dtype::kQ4_1})
    expect_same(decoded(dtype, encoded(dtype, whole)), whole, dtype_name(dtype));
}

// A block depends on its own elements alone.
TEST(BlockEncoder, BlockByBlock) {
  const std::vector<float> values = random_values(256 * 5, 3, 0.1f);
  for (const Dtype dtype : kWritten) {
    const std::vector<std::byte> together = encoded(dtype, values);
    std::vector<std::byte> apart;
    for (std::size_t block = 0; block < 5; ++block) {
      const auto bytes = encoded(dtype, std::span(values).subspan(256 * block, 256));
      apart.insert(apart.end(), bytes.begin(), bytes.end());
    }
    EXPECT_EQ(together, apart) << dtype_name(dtype);
  }
}

TEST(BlockEncoder, WhatIsNotFinite) {
  for (const Dtype dtype : kWritten) {
    std::vector<std::byte> out(dtype_bytes(dtype, 1024));
    for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> values = random_values(1024, 4, 1);
      EXPECT_TRUE(encode(dtype, values.data(), 1024, out.data()));
      values[700] = bad;
      EXPECT_FALSE(encode(dtype, values.data(), 1024, out.data())) << dtype_name(dtype) << " " << bad;
    }
    std::vector<float> values = random_values(1024, 4, 1);
    values[3] = 3e38f, values[4] = -3e38f;
    EXPECT_EQ(encode(dtype, values.data(), 1024, out.data()), dtype == Dtype::kFloat32 || dtype == Dtype::kBFloat16)
        << dtype_name(dtype);
    values[3] = values[4] = 65520;  // where fp16 ends
    EXPECT_EQ(encode(dtype, values.data(), 1024, out.data()), dtype != Dtype::kFloat16) << dtype_name(dtype);
  }
}

TEST(BlockEncoder, OnlyWhatItWrites) {
  EXPECT_FALSE(can_encode(Dtype::kQ2_K) || can_encode(Dtype::kIQ4_NL) || can_encode(Dtype::kInt32));
  for (const Dtype dtype : kWritten) EXPECT_TRUE(can_encode(dtype));
  EXPECT_THROW((void)encode(Dtype::kQ3_K, nullptr, 0, nullptr), std::logic_error);
  EXPECT_THROW((void)encode(Dtype::kQ6_K, nullptr, 32, nullptr), std::logic_error);
}

}  // namespace
}  // namespace aacft::testing
