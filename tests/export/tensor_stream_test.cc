#include "aacft/export/tensor_stream.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "aacft/formats/block_encoding.h"
#include "support/goldens.h"

namespace aacft::testing {
namespace {

RowSource rows_of(const std::vector<float>& values, std::int64_t width) {
  return [&values, width](const std::string&, std::int64_t first, std::int64_t count, float* out) {
    std::copy_n(values.begin() + first * width, count * width, out);
  };
}

std::vector<float> streamed(const StreamedTensor& tensor, const std::vector<float>& values) {
  std::vector<std::byte> bytes;
  stream_tensor(tensor, rows_of(values, tensor.shape.size() < 2 ? 1 : tensor.shape[1]), encode,
                [&](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  std::vector<float> decoded(values.size());
  EXPECT_EQ(bytes.size(), dtype_bytes(tensor.dtype, static_cast<std::int64_t>(values.size())));
  decode(tensor.dtype, bytes.data(), static_cast<std::int64_t>(decoded.size()), decoded.data());
  return decoded;
}

TEST(TensorStream, RowsInTheFilesOrder) {
  const RowOrder order{2, 3, 2};  // runs of 12
  for (const bool vector : {false, true}) {
    const std::int64_t width = vector ? 1 : 32, rows = 24;
    std::vector<float> values;
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t i = 0; i < width; ++i) values.push_back(static_cast<float>(row * 100 + i));
    StreamedTensor tensor{"x", Dtype::kFloat32, {rows}, order, 4};
    if (!vector) tensor.shape.push_back(width);
    const std::vector<float> got = streamed(tensor, values);
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t i = 0; i < width; ++i)
        EXPECT_EQ(got[static_cast<std::size_t>(order.place_of(row) * width + i)], static_cast<float>(row * 100 + i));
  }
}

// More than one piece, which is cut between rows.
TEST(TensorStream, LargeOnes) {
  const std::int64_t rows = 9000, width = 1024;
  std::vector<float> values(static_cast<std::size_t>(rows * width));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 2048);
  EXPECT_EQ(streamed({"x", Dtype::kFloat16, {rows, width}, {}, 2}, values), values);
}

TEST(TensorStream, WhatIsNotFinite) {
  std::vector<float> values(64, 1);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), 1e6f}) {
    values[40] = bad;
    expect_fails([&] { streamed({"a.weight", Dtype::kFloat16, {2, 32}, {}, 2}, values); }, {"a.weight", "float16"});
    expect_fails([&] { streamed({"a.bias", Dtype::kFloat16, {64}, {}, 2}, values); }, {"a.bias", "float16"});
  }
}

}  // namespace
}  // namespace aacft::testing
