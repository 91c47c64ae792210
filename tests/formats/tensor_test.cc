#include "aacft/formats/tensor.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "aacft/base/threads.h"
#include "formats/support.h"

namespace aacft::testing {
namespace {

TEST(Tensor, NamesOfTypes) {
  for (const Dtype dtype : {Dtype::kFloat32, Dtype::kFloat16, Dtype::kBFloat16, Dtype::kFloat64, Dtype::kInt64,
                            Dtype::kInt32, Dtype::kInt16, Dtype::kInt8, Dtype::kUint8, Dtype::kBool})
    EXPECT_EQ(parse_dtype(dtype_name(dtype)), dtype);
  EXPECT_EQ(parse_dtype("fp16"), Dtype::kFloat16);
  EXPECT_EQ(parse_dtype("bf16"), Dtype::kBFloat16);
  EXPECT_EQ(parse_dtype("torch.float32"), Dtype::kFloat32);
  EXPECT_EQ(parse_dtype("float8"), std::nullopt);
  EXPECT_TRUE(is_weight_dtype(Dtype::kBFloat16));
  EXPECT_FALSE(is_weight_dtype(Dtype::kFloat64));
  EXPECT_EQ(dtype_size(Dtype::kFloat64), 8u);
}

TEST(Tensor, TypesInBlocks) {
  constexpr Dtype kEncodings[] = {Dtype::kQ4_0, Dtype::kQ4_1, Dtype::kQ5_0, Dtype::kQ5_1, Dtype::kQ8_0,  Dtype::kQ2_K,
                                  Dtype::kQ3_K, Dtype::kQ4_K, Dtype::kQ5_K, Dtype::kQ6_K, Dtype::kIQ4_NL};
  for (const Dtype dtype : kEncodings) {
    EXPECT_TRUE(is_encoded(dtype));
    EXPECT_FALSE(is_weight_dtype(dtype));
    EXPECT_EQ(parse_dtype(dtype_name(dtype)), std::nullopt) << "nothing is written in it";
    EXPECT_THROW(dtype_size(dtype), std::logic_error);
    EXPECT_THROW(dtype_bytes(dtype, 16), std::logic_error);
    EXPECT_EQ(dtype_bytes(dtype, 3 * block_numel(dtype)), 3 * block_bytes(dtype));
  }
  EXPECT_EQ(parse_dtype(""), std::nullopt);
  EXPECT_EQ(dtype_name(Dtype::kQ4_K), "Q4_K");
  EXPECT_EQ(dtype_name(Dtype::kIQ4_NL), "IQ4_NL");
  EXPECT_EQ(dtype_bytes(Dtype::kQ6_K, 512), 420u);
  EXPECT_FALSE(is_encoded(Dtype::kBool));
  EXPECT_EQ(dtype_bytes(Dtype::kBFloat16, 7), 14u);
  EXPECT_EQ(block_numel(Dtype::kFloat32), 1);
  EXPECT_THROW(dtype_bytes(Dtype::kFloat64, std::int64_t{1} << 62), std::logic_error);
  EXPECT_THROW(dtype_bytes(Dtype::kFloat64, -1), std::logic_error);
}

TEST(Tensor, Shapes) {
  EXPECT_EQ(shape_text(std::vector<std::int64_t>{64, 16}), "[64, 16]");
  EXPECT_EQ(shape_text({}), "[]");
  EXPECT_EQ(view("x", Dtype::kFloat32, {}, "").numel(), 1);
  EXPECT_EQ(view("x", Dtype::kFloat32, {3, 0}, "").numel(), 0);
}

// Every position around the edges of the blocks that are scanned at once, at every alignment.
template <typename T>
void locate(Dtype dtype, std::vector<T> bad_values, T large) {
  constexpr std::int64_t kCount = 2500;
  for (std::size_t offset : {0, 1}) {
    std::string bytes(offset + kCount * sizeof(T), '\0');
    const auto set = [&](std::int64_t i, T value) {
      std::memcpy(bytes.data() + offset + static_cast<std::size_t>(i) * sizeof(T), &value, sizeof(T));
    };
    const TensorView tensor = view("x", dtype, {kCount}, std::string_view(bytes).substr(offset));
    for (std::int64_t i = 0; i < kCount; ++i) set(i, large);
    EXPECT_EQ(first_non_finite(tensor), std::nullopt);
    for (const T bad : bad_values)
      for (const std::int64_t i : {0, 1, 1023, 1024, 1025, 2047, 2048, 2499}) {
        set(i, bad);
        EXPECT_EQ(first_non_finite(tensor), i) << dtype_name(dtype);
        set(i, large);
      }
  }
}

TEST(Tensor, FirstNonFinite) {
  locate<std::uint32_t>(Dtype::kFloat32, {0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001}, 0x7F7FFFFF);
  locate<std::uint16_t>(Dtype::kFloat16, {0x7C00, 0xFC00, 0x7E00, 0x7C01}, 0x7BFF);
  locate<std::uint16_t>(Dtype::kBFloat16, {0x7F80, 0xFF80, 0x7FC0, 0x7F81}, 0x7F7F);
  locate<std::uint64_t>(Dtype::kFloat64, {0x7FF0000000000000, 0xFFF8000000000000, 0x7FF0000000000001},
                        0x7FEFFFFFFFFFFFFF);
  const std::string ones(16, '\xFF');
  EXPECT_EQ(first_non_finite(view("x", Dtype::kInt32, {4}, ones)), std::nullopt);
  EXPECT_EQ(first_non_finite(view("x", Dtype::kFloat32, {0}, "")), std::nullopt);
}

TEST(Tensor, FirstNonFiniteAcrossTasks) {
  std::vector<float> values(5'000'000, 1.0f);
  for (const std::size_t i : {4'999'999u, 3'000'000u, 1'100'000u}) {
    values[i] = std::numeric_limits<float>::quiet_NaN();
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    for (const int count : {1, 3}) {
      set_threads(count);
      EXPECT_EQ(first_non_finite(view("x", Dtype::kFloat32, {5'000'000}, bytes)), static_cast<std::int64_t>(i));
    }
  }
}

}  // namespace
}  // namespace aacft::testing
