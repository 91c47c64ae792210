#include "aacft/formats/checkpoint.h"

#include <gtest/gtest.h>

#include "aacft/formats/safetensors.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

const std::string kOne = raw<float>({1, 2}), kTwo = raw<float>({3});

// Two shards and their index.
void write_sharded(const std::filesystem::path& folder, const std::string& shard_of_b = "two.safetensors") {
  write_safetensors(folder / "one.safetensors", {view("a", Dtype::kFloat32, {2}, kOne)});
  write_safetensors(folder / "two.safetensors", {view("b", Dtype::kFloat32, {1}, kTwo)});
  write_text(folder / "model.safetensors.index.json",
             R"({"metadata":{"total_size":12},"weight_map":{"a":"one.safetensors","b":")" + shard_of_b + "\"}}");
}

TEST(Checkpoint, ReadsShards) {
  const TemporaryFolder folder;
  write_sharded(folder.path());
  Checkpoint first(folder.path());
  const Checkpoint checkpoint(std::move(first));
  EXPECT_EQ(checkpoint.layout(), "sharded safetensors");
  EXPECT_EQ(checkpoint.folder(), folder.path());
  ASSERT_EQ(checkpoint.tensors().size(), 2u);
  ASSERT_NE(checkpoint.find("b"), nullptr);
  EXPECT_EQ(bytes_of(*checkpoint.find("b")), kTwo);
  EXPECT_EQ(checkpoint.find("c"), nullptr);
}

TEST(Checkpoint, TakesTheFirstLayout) {
  const TemporaryFolder folder;
  write_sharded(folder.path());
  write_text(folder / "pytorch_model.bin", "never opened");
  EXPECT_EQ(Checkpoint(folder.path()).layout(), "sharded safetensors");
  write_safetensors(folder / "model.safetensors", {view("c", Dtype::kFloat32, {1}, kTwo)});
  EXPECT_EQ(Checkpoint(folder.path()).layout(), "safetensors");
}

TEST(Checkpoint, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto fails = [&](std::initializer_list<std::string> parts) {
    expect_error([&] { Checkpoint{folder.path()}; }, parts);
  };
  fails({"no weights in", folder.path().string(),
         "model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json"});
  expect_error([&] { Checkpoint{folder / "none"}; }, {"there is no folder", "none"});

  for (const std::string shard : {"../x", "/etc/passwd", "..", ".", "", "a/b", "a\\\\b", "a\\u0000b"}) {
    write_sharded(folder.path(), shard);
    fails({"model.safetensors.index.json", "'b'", "same folder"});
  }
  write_sharded(folder.path(), "three.safetensors");
  fails({"three.safetensors", "is missing"});
  write_sharded(folder.path(), "one.safetensors");
  fails({"one.safetensors", "'b' is not in it"});

  write_sharded(folder.path());
  std::filesystem::resize_file(folder / "two.safetensors", std::filesystem::file_size(folder / "two.safetensors") - 1);
  fails({"two.safetensors", "'b'", "cut short"});

  write_sharded(folder.path());
  write_safetensors(folder / "two.safetensors",
                    {view("a", Dtype::kFloat32, {1}, kTwo), view("b", Dtype::kFloat32, {1}, kTwo)});
  fails({"'a'", "one.safetensors", "two.safetensors"});

  const auto index = folder / "model.safetensors.index.json";
  write_text(index, "{");
  fails({index.string() + ":1:"});
  write_text(index, "{}");
  fails({index.string(), "weight_map"});
  write_text(index, R"({"weight_map":{"a":1}})");
  fails({index.string(), "'a'"});
  write_text(index, R"({"weight_map":{"a":"one.safetensors","a":"two.safetensors"}})");
  fails({index.string(), "'a' occurs twice"});
}

// Old indices list buffers that newer programs compute themselves and no longer save.
TEST(Checkpoint, UnusedTensorsMayBeMissing) {
  const TemporaryFolder folder;
  write_sharded(folder.path());
  write_text(folder / "model.safetensors.index.json",
             R"({"weight_map":{"a":"one.safetensors","b":"two.safetensors","c.buffer":"one.safetensors"}})");
  expect_error([&] { Checkpoint{folder.path()}; }, {"one.safetensors", "'c.buffer' is not in it"});
  const auto unused = [](const std::string& name) { return name.ends_with(".buffer"); };
  EXPECT_EQ(Checkpoint(folder.path(), unused).tensors().size(), 2u);
  std::filesystem::remove(folder / "two.safetensors");
  expect_error([&] { Checkpoint(folder.path(), unused); }, {"two.safetensors", "is missing"});
}

// The cache of Hugging Face: the folder's files are links to blobs elsewhere. That is the user's doing, unlike a path
// in an index.
TEST(Checkpoint, ReadsLinks) {
  const TemporaryFolder folder;
  const auto blobs = folder / "blobs", snapshot = folder / "snapshots/1";
  std::filesystem::create_directories(blobs);
  std::filesystem::create_directories(snapshot);
  write_sharded(blobs);
  for (const char* name : {"one.safetensors", "two.safetensors", "model.safetensors.index.json"})
    std::filesystem::create_symlink(std::filesystem::path("../../blobs") / name, snapshot / name);
  EXPECT_EQ(Checkpoint(snapshot).tensors().size(), 2u);
  std::filesystem::remove(blobs / "two.safetensors");
  expect_error([&] { Checkpoint{snapshot}; }, {"two.safetensors", "is missing"});
}

TEST(Checkpoint, SwappedShards) {
  const TemporaryFolder folder;
  write_sharded(folder.path());
  std::filesystem::rename(folder / "one.safetensors", folder / "x");
  std::filesystem::rename(folder / "two.safetensors", folder / "one.safetensors");
  std::filesystem::rename(folder / "x", folder / "two.safetensors");
  expect_error([&] { Checkpoint{folder.path()}; }, {"one.safetensors", "'a' is not in it"});
}

// All layouts of the goldens hold the same tensors, within the rounding of what they store.
TEST(Checkpoint, EveryLayoutHoldsTheSame) {
  const auto goldens = shared_dir() / "goldens";
  if (!std::filesystem::exists(goldens / "seq")) GTEST_SKIP();
  const Checkpoint reference(goldens / "seq");
  EXPECT_EQ(reference.layout(), "safetensors");
  struct Case {
    const char *folder, *layout;
    Dtype dtype;
    double relative, absolute;  // half a unit in the last place, of normal and of the smallest numbers
  };
  for (const Case& c :
       {Case{"seq-bin-fp16", "torch bin", Dtype::kFloat16, std::ldexp(1, -11), std::ldexp(1, -25)},
        Case{"seq-bin-legacy", "torch bin", Dtype::kFloat32, 0, 0},
        Case{"seq-bin-sharded", "sharded torch bin", Dtype::kFloat32, 0, 0},
        Case{"seq-safetensors-sharded-bf16", "sharded safetensors", Dtype::kBFloat16, std::ldexp(1, -8), 0}}) {
    const Checkpoint other(goldens / c.folder);
    EXPECT_EQ(other.layout(), c.layout);
    for (const TensorView& expected : reference.tensors()) {
      const TensorView* got = other.find(expected.name);
      if (got == nullptr && expected.name == "embed_out.weight")
        got = other.find("lm_head.weight");  // newer transformers
      ASSERT_NE(got, nullptr) << c.folder << " " << expected.name;
      EXPECT_EQ(got->dtype, c.dtype) << c.folder << " " << expected.name;
      ASSERT_EQ(got->shape, expected.shape);
      EXPECT_EQ(first_non_finite(*got), std::nullopt);
      for (std::int64_t i = 0; i < expected.numel(); ++i) {
        const double value = value_at(expected, i);
        ASSERT_LE(std::abs(value_at(*got, i) - value), std::abs(value) * c.relative + c.absolute)
            << c.folder << " " << expected.name;
      }
    }
    // The 2023 layout also has each layer's buffers.
    for (const TensorView& tensor : other.tensors())
      if (reference.find(tensor.name) == nullptr && tensor.name != "lm_head.weight") {
        EXPECT_STREQ(c.folder, "seq-bin-fp16") << tensor.name;
      }
  }
}

}  // namespace
}  // namespace aacft::testing
