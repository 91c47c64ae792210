#include "aacft/formats/gguf_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

GgufKeys some_keys() {
  GgufKeys keys;
  keys.text("general.architecture", "gptneox");
  keys.count("gptneox.block_count", 3);
  keys.number("gptneox.attention.layer_norm_epsilon", 1e-5f);
  keys.flag("gptneox.use_parallel_residual", true);
  keys.strings("tokens", {"a", "", "h\xC3\xA9", "\xFF"});
  keys.integers("types", {1, -3});
  keys.floats("scores", {0.5f, -2});
  return keys;
}

std::vector<TensorSpec> some_tensors() {
  return {{"token_embd.weight", Dtype::kFloat16, {3, 5}},
          {"blk.0.attn_qkv.weight", Dtype::kQ8_0, {2, 64}},
          {"blk.0.attn_norm.bias", Dtype::kFloat32, {7}},
          {"output.weight", Dtype::kQ6_K, {1, 256}}};
}

std::uint64_t size_of(const TensorSpec& tensor) {
  std::int64_t numel = 1;
  for (const std::int64_t size : tensor.shape) numel *= size;
  return dtype_bytes(tensor.dtype, numel);
}

std::string content(std::size_t size, char first) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = first++;
  return bytes;
}

void write_all(GgufWriter& writer, const std::vector<TensorSpec>& tensors, std::size_t piece = 1000) {
  std::string all;
  for (std::size_t i = 0; i < tensors.size(); ++i) all += content(size_of(tensors[i]), static_cast<char>(40 * i));
  for (std::size_t at = 0; at < all.size(); at += piece)
    writer.write(std::as_bytes(std::span(all)).subspan(at, std::min(piece, all.size() - at)));
}

// A file's keys and tensors, written again.
void write_again(const GgufFile& file, const fs::path& path, std::uint64_t most_bytes = 0) {
  std::vector<TensorSpec> specs;
  for (const TensorView& tensor : file.tensors()) specs.push_back({tensor.name, tensor.dtype, tensor.shape});
  GgufWriter writer(path, GgufKeys(file.metadata()), specs, most_bytes);
  for (const TensorView& tensor : file.tensors()) writer.write(tensor.bytes);
  writer.commit();
}

TEST(GgufWriter, ReadBack) {
  const TemporaryFolder folder;
  const std::vector<TensorSpec> tensors = some_tensors();
  for (const std::size_t piece : {1u, 33u, 1000u}) {
    GgufWriter writer(folder / "x.gguf", some_keys(), tensors);
    write_all(writer, tensors, piece);
    writer.commit();
    EXPECT_EQ(writer.paths(), std::vector<fs::path>{folder / "x.gguf"});
    EXPECT_EQ(writer.total_bytes(), fs::file_size(folder / "x.gguf"));
    EXPECT_EQ(writer.total_bytes() % 32, 0u);

    const GgufFile file(folder / "x.gguf");
    EXPECT_EQ(file.metadata().text("general.architecture"), "gptneox");
    EXPECT_EQ(file.metadata().integer("gptneox.block_count"), 3);
    EXPECT_EQ(file.metadata().number("gptneox.attention.layer_norm_epsilon"), static_cast<double>(1e-5f));
    EXPECT_TRUE(file.metadata().flag("gptneox.use_parallel_residual"));
    EXPECT_EQ(file.metadata().strings("tokens"), (std::vector<std::string_view>{"a", "", "h\xC3\xA9", "\xFF"}));
    EXPECT_EQ(file.metadata().integers("types"), (std::vector<std::int64_t>{1, -3}));
    EXPECT_EQ(file.metadata().floats("scores"), (std::vector<float>{0.5f, -2}));
    ASSERT_EQ(file.tensors().size(), tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const TensorView& tensor = file.tensors()[i];
      EXPECT_EQ(tensor.name, tensors[i].name);
      EXPECT_EQ(tensor.dtype, tensors[i].dtype);
      EXPECT_EQ(tensor.shape, tensors[i].shape);
      EXPECT_EQ(bytes_of(tensor), content(tensor.bytes.size(), static_cast<char>(40 * i)));
    }
  }
}

// The first bytes by hand, from the format's description.
TEST(GgufWriter, Layout) {
  const TemporaryFolder folder;
  GgufKeys keys;
  keys.count("k", 7);
  keys.count("k", 9);
  GgufWriter writer(folder / "x.gguf", keys, {{"t", Dtype::kFloat32, {2, 1}}});
  write_all(writer, {{"t", Dtype::kFloat32, {2, 1}}});
  writer.commit();
  std::string expected = "GGUF" + little<std::uint32_t>(3) + little<std::uint64_t>(1) + little<std::uint64_t>(1) +
                         little<std::uint64_t>(1) + "k" + little<std::uint32_t>(4) + little<std::uint32_t>(9) +
                         little<std::uint64_t>(1) + "t" + little<std::uint32_t>(2) + little<std::uint64_t>(1) +
                         little<std::uint64_t>(2) + little<std::uint32_t>(0) + little<std::uint64_t>(0);
  expected.resize((expected.size() + 31) / 32 * 32);
  expected += content(8, 0);
  expected.resize(expected.size() + 24);
  EXPECT_EQ(read_file(folder / "x.gguf"), expected);
}

// Law 7.
TEST(GgufWriter, WriteOfReadIsTheSame) {
  const TemporaryFolder folder;
  const std::vector<TensorSpec> tensors = some_tensors();
  for (const std::uint64_t most : {0u, 1u, 200u, 420u}) {
    GgufWriter writer(folder / "x.gguf", some_keys(), tensors, most);
    write_all(writer, tensors);
    writer.commit();
    const std::vector<fs::path> paths = writer.paths();
    write_again(GgufFile(paths[0]), folder / "y.gguf", most);
    for (const fs::path& path : paths) {
      fs::path again = path;
      again.replace_filename("y" + path.filename().string().substr(1));
      EXPECT_EQ(read_file(path), read_file(again)) << path;
    }
    // From parts to one file, as if it had never been parts.
    write_again(GgufFile(paths[0]), folder / "one.gguf");
    GgufWriter whole(folder / "whole.gguf", some_keys(), tensors);
    write_all(whole, tensors);
    whole.commit();
    EXPECT_EQ(read_file(folder / "one.gguf"), read_file(folder / "whole.gguf"));
  }
}

TEST(GgufWriter, Parts) {
  const TemporaryFolder folder;
  const std::vector<TensorSpec> tensors = some_tensors();  // 32, 160, 32 and 224 bytes with their padding
  GgufWriter writer(folder / "x.gguf", some_keys(), tensors, 200);
  write_all(writer, tensors);
  EXPECT_FALSE(fs::exists(folder / "x-00001-of-00003.gguf"));
  writer.commit();
  const std::vector<fs::path> expected = {folder / "x-00001-of-00003.gguf", folder / "x-00002-of-00003.gguf",
                                          folder / "x-00003-of-00003.gguf"};
  EXPECT_EQ(writer.paths(), expected);
  std::uint64_t bytes = 0;
  for (const fs::path& path : expected) bytes += fs::file_size(path);
  EXPECT_EQ(writer.total_bytes(), bytes);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 3);
  const GgufFile file(expected[0]);
  EXPECT_EQ(file.parts(), 3u);
  EXPECT_EQ(file.metadata().integer("split.count"), 3);
  EXPECT_EQ(file.metadata().integer("split.tensors.count"), 4);
  ASSERT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(bytes_of(*file.find("output.weight")), content(210, 120));
}

TEST(GgufWriter, NothingAppearsUnlessItIsWhole) {
  const TemporaryFolder folder;
  {
    const std::vector<TensorSpec> tensors = some_tensors();
    GgufWriter writer(folder / "x.gguf", some_keys(), tensors, 100);
    write_all(writer, {tensors[0], tensors[1]});
    EXPECT_THROW(writer.commit(), std::logic_error);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(GgufWriter, KeysAlone) {
  const TemporaryFolder folder;
  GgufWriter writer(folder / "x.gguf", some_keys(), {});
  writer.commit();
  EXPECT_EQ(GgufFile(folder / "x.gguf").metadata().values().size(), 7u);
  GgufWriter more(folder / "y.gguf", some_keys(), {});
  EXPECT_THROW(more.write(std::as_bytes(std::span("x"))), std::logic_error);
}

TEST(GgufWriter, ShapesThatNoFileHas) {
  const TemporaryFolder folder;
  for (const TensorSpec& tensor : {TensorSpec{"x", Dtype::kQ4_0, {2, 33}}, TensorSpec{"x", Dtype::kFloat32, {}},
                                   TensorSpec{"x", Dtype::kFloat32, {0, 3}}, TensorSpec{"x", Dtype::kBool, {3}}})
    EXPECT_THROW(GgufWriter(folder / "x.gguf", {}, {tensor}), std::logic_error);
}

}  // namespace
}  // namespace aacft::testing
