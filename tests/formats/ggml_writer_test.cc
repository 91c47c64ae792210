#include "aacft/formats/ggml_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>

#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

// Reads by the rules of redpajama.cpp's loader: a version only of a magic that has one, eight numbers, words, tensors
// up to the file's end, each once, at multiples of 32 in "ggjt".
struct OldFile {
  std::uint32_t magic = 0, version = 0;
  std::vector<std::int32_t> sizes;
  std::vector<std::string> words;
  struct Tensor {
    std::uint32_t type = 0;
    std::vector<std::int32_t> extents;
    std::string bytes;
  };
  std::vector<std::string> names;
  std::map<std::string, Tensor> tensors;

  explicit OldFile(const fs::path& path) : file_(read_file(path)) {
    magic = number(), version = number();
    EXPECT_EQ(version, 1u);
    for (int i = 0; i < 8; ++i) sizes.push_back(static_cast<std::int32_t>(number()));
    for (std::int32_t i = 0; i < sizes[0]; ++i) words.push_back(take(number()));
    while (at_ < file_.size()) {
      Tensor tensor;
      const std::uint32_t dims = number(), name_length = number();
      tensor.type = number();
      EXPECT_TRUE(dims == 1 || dims == 2);
      std::size_t numel = 1;
      for (std::uint32_t i = 0; i < dims; ++i) {
        tensor.extents.push_back(static_cast<std::int32_t>(number()));
        numel *= static_cast<std::size_t>(tensor.extents.back());
      }
      const std::string name = take(name_length);
      if (magic == 0x67676a74) at_ = (at_ + 31) / 32 * 32;
      const std::map<std::uint32_t, std::pair<std::size_t, std::size_t>> blocks = {
          {0, {1, 4}}, {1, {1, 2}}, {2, {32, 20}}, {8, {32, 36}}};
      const auto [block, bytes] = blocks.at(tensor.type);
      tensor.bytes = take(numel / block * bytes);
      names.push_back(name);
      EXPECT_TRUE(tensors.emplace(name, tensor).second) << name << " twice";
    }
  }

 private:
  std::uint32_t number() {
    const std::string bytes = take(4);
    std::uint32_t value;
    std::memcpy(&value, bytes.data(), 4);
    return value;
  }
  std::string take(std::size_t size) {
    if (size > file_.size() - at_) throw std::runtime_error("cut short");
    at_ += size;
    return file_.substr(at_ - size, size);
  }

  std::string file_;
  std::size_t at_ = 0;
};

GgmlModel some_model() {
  return {.context = 2048,
          .hidden = 64,
          .heads = 4,
          .layers = 1,
          .rotary_dims = 16,
          .parallel_residual = true,
          .tokens = {"a", " the", "\xE2", ""}};
}

std::vector<TensorSpec> tensors_of_type(Dtype dtype) {
  return {{"gpt_neox.embed_in.weight", dtype, {4, 64}},
          {"gpt_neox.final_layer_norm.bias", Dtype::kFloat32, {3}},
          {"embed_out.weight", dtype, {1, 32}}};
}

TEST(GgmlWriter, EveryType) {
  const TemporaryFolder folder;
  const std::map<Dtype, std::pair<std::uint32_t, std::int32_t>> numbers = {
      {Dtype::kFloat32, {0, 0}}, {Dtype::kFloat16, {1, 1}}, {Dtype::kQ4_0, {2, 2}}, {Dtype::kQ8_0, {8, 7}}};
  for (const auto& [dtype, number] : numbers) {
    ASSERT_TRUE(ggml_can_hold(dtype));
    const std::vector<TensorSpec> tensors = tensors_of_type(dtype);
    GgmlWriter writer(folder / "x.bin", some_model(), tensors);
    std::map<std::string, std::string> contents;
    for (const TensorSpec& tensor : tensors) {
      std::size_t size = ggml_block_bytes(tensor.dtype);
      for (const std::int64_t extent : tensor.shape) size *= static_cast<std::size_t>(extent);
      size /= static_cast<std::size_t>(block_numel(tensor.dtype));
      contents[tensor.name] = std::string(size, static_cast<char>('A' + contents.size()));
      writer.write(std::as_bytes(std::span(contents[tensor.name])));
    }
    EXPECT_FALSE(fs::exists(folder / "x.bin"));
    writer.commit();
    const OldFile file(folder / "x.bin");
    EXPECT_EQ(file.magic, is_encoded(dtype) ? 0x67676a74u : 0x67676d66u);
    EXPECT_EQ(file.sizes, (std::vector<std::int32_t>{4, 2048, 64, 4, 1, 16, 1, number.second}));
    EXPECT_EQ(file.words, some_model().tokens);
    ASSERT_EQ(file.names.size(), tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      EXPECT_EQ(file.names[i], tensors[i].name);
      const OldFile::Tensor& tensor = file.tensors.at(tensors[i].name);
      EXPECT_EQ(tensor.type, i == 1 ? 0u : number.first);
      EXPECT_EQ(tensor.bytes, contents[tensors[i].name]);
    }
    EXPECT_EQ(file.tensors.at("gpt_neox.embed_in.weight").extents, (std::vector<std::int32_t>{64, 4}));
    fs::remove(folder / "x.bin");
  }
}

// The quantiser's rule, number by number.
TEST(GgmlWriter, Blocks) {
  std::mt19937 random(5);
  std::vector<float> values(32 * 8);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = i < 32   ? 0
                : i < 64 ? (static_cast<float>(i) - 40) * 0.5f
                         : static_cast<float>(random() >> 8) * 0x1p-24f - 0.5f;
  for (const Dtype dtype : {Dtype::kQ4_0, Dtype::kQ8_0}) {
    const std::size_t size = ggml_block_bytes(dtype);
    std::vector<std::byte> bytes(8 * size);
    ASSERT_TRUE(ggml_encode(dtype, values.data(), static_cast<std::int64_t>(values.size()), bytes.data()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t block = i / 32, within = i % 32;
      float extreme = 0;
      for (std::size_t j = 32 * block; j < 32 * block + 32; ++j)
        if (std::fabs(values[j]) > std::fabs(extreme)) extreme = values[j];
      const float scale = dtype == Dtype::kQ4_0 ? extreme / -8 : std::fabs(extreme) / 127,
                  inverse = scale != 0 ? 1 / scale : 0;
      float stored;
      std::memcpy(&stored, bytes.data() + block * size, 4);
      ASSERT_EQ(stored, scale);
      const auto byte = [&](std::size_t at) { return static_cast<int>(bytes[block * size + 4 + at]); };
      const int got = dtype == Dtype::kQ4_0 ? (byte(within / 2) >> (within % 2 * 4) & 15) - 8
                                            : static_cast<std::int8_t>(byte(within));
      ASSERT_EQ(got, std::min(static_cast<int>(std::round(values[i] * inverse)), dtype == Dtype::kQ4_0 ? 7 : 127)) << i;
    }
  }
}

TEST(GgmlWriter, Refused) {
  const TemporaryFolder folder;
  std::vector<float> values(32, 1);
  std::vector<std::byte> out(128);
  for (const Dtype dtype : {Dtype::kFloat16, Dtype::kQ4_0, Dtype::kQ8_0}) {
    values[9] = 1;
    EXPECT_TRUE(ggml_encode(dtype, values.data(), 32, out.data()));
    values[9] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_FALSE(ggml_encode(dtype, values.data(), 32, out.data()));
  }
  EXPECT_THROW((void)ggml_encode(Dtype::kQ4_K, values.data(), 0, out.data()), std::logic_error);
  EXPECT_THROW((void)ggml_encode(Dtype::kQ4_0, values.data(), 16, out.data()), std::logic_error);
  EXPECT_THROW(GgmlWriter(folder / "x", {}, {{"x", Dtype::kBFloat16, {1, 32}}}), std::logic_error);
  EXPECT_THROW(GgmlWriter(folder / "x", {}, {{"x", Dtype::kQ4_0, {1, 48}}}), std::logic_error);
  {
    GgmlWriter writer(folder / "x", some_model(), {{"x", Dtype::kFloat32, {2}}});
    EXPECT_THROW(writer.commit(), std::logic_error);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace aacft::testing
