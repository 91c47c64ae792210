#include "aacft/formats/safetensors.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

std::string file_with(const std::string& header, const std::string& data) {
  return little<std::uint64_t>(header.size()) + header + data;
}

TEST(Safetensors, WritesWhatItReads) {
  const TemporaryFolder folder;
  const std::string floats = raw<float>({1, 2, 3, 4, 5, 6}), halves = raw<std::uint16_t>({1, 2, 3});
  const std::vector<TensorView> tensors = {
      view("w", Dtype::kFloat32, {2, 3}, floats), view("empty", Dtype::kFloat32, {0, 3}, ""),
      view("b", Dtype::kBFloat16, {3}, halves),   view("scalar \"x\"\n\xC3\xA9", Dtype::kUint8, {}, "\7"),
      view("mask", Dtype::kBool, {1}, "\1"),      view("f16", Dtype::kFloat16, {3}, halves),
      view("f64", Dtype::kFloat64, {3}, floats),  view("i64", Dtype::kInt64, {3, 1}, floats),
      view("i32", Dtype::kInt32, {6}, floats),    view("i16", Dtype::kInt16, {3}, halves),
      view("i8", Dtype::kInt8, {6}, halves),
  };
  write_safetensors(folder / "a.safetensors", tensors);
  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}}));
  ASSERT_EQ(file.tensors().size(), tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorView& got = file.tensors()[i];
    EXPECT_EQ(got.name, tensors[i].name);
    EXPECT_EQ(got.dtype, tensors[i].dtype);
    EXPECT_EQ(got.shape, tensors[i].shape);
    EXPECT_EQ(bytes_of(got), bytes_of(tensors[i]));
  }
  write_safetensors(folder / "b.safetensors", file.tensors());
  const std::string content = read_file(folder / "a.safetensors");
  EXPECT_EQ(content, read_file(folder / "b.safetensors"));
  EXPECT_EQ(content.find('\n'), std::string::npos) << "the name was escaped";
  std::uint64_t header;
  std::memcpy(&header, content.data(), 8);
  EXPECT_EQ(header % 8, 0u);
}

TEST(Safetensors, StreamsInPiecesOfAnySize) {
  const TemporaryFolder folder;
  const std::string data = raw<float>({1, 2, 3, 4, 5});
  SafetensorsWriter writer(folder / "a.safetensors", {{"x", Dtype::kFloat32, {2}}, {"y", Dtype::kFloat32, {3}}});
  EXPECT_THROW(writer.commit(), std::logic_error);
  for (std::size_t at = 0; at < data.size(); at += 7)
    writer.write(std::as_bytes(std::span(data).subspan(at, std::min<std::size_t>(7, data.size() - at))));
  EXPECT_THROW(writer.write(std::as_bytes(std::span(data))), std::logic_error);
  EXPECT_FALSE(std::filesystem::exists(folder / "a.safetensors"));
  writer.commit();
  EXPECT_EQ(bytes_of(SafetensorsFile(folder / "a.safetensors").tensors().at(1)), data.substr(8));
}

TEST(Safetensors, RefusesToWriteNonsense) {
  const TemporaryFolder folder;
  const auto write = [&](std::vector<TensorSpec> tensors) { SafetensorsWriter(folder / "a", tensors); };
  expect_error([&] { write({{"x", Dtype::kFloat32, {1}}, {"x", Dtype::kFloat32, {1}}}); }, {"'x'"});
  expect_error([&] { write({{"\xFF", Dtype::kFloat32, {1}}}); }, {"UTF-8"});
  expect_error([&] { write({{"__metadata__", Dtype::kFloat32, {1}}}); }, {"__metadata__"});
  expect_error(
      [&] {
        write({{"x", Dtype::kFloat32, {std::int64_t{1} << 40, std::int64_t{1} << 40}}});
      },
      {"'x'", "shape"});
  expect_error([&] { write({{"x", Dtype::kFloat32, {-1}}}); }, {"'x'", "[-1]"});
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const TemporaryFolder folder;
  const std::string data = raw<float>({1, 2, 3});
  const auto path = folder / "a.safetensors";
  write_safetensors(
      path, {view("x", Dtype::kFloat32, {2}, data.substr(0, 8)), view("y", Dtype::kFloat32, {1}, data.substr(8))});
  const std::string whole = read_file(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_text(path, whole.substr(0, size));
    expect_error([&] { SafetensorsFile{path}; }, {path.string(), "cut short"});
  }
  write_text(path, whole + "x");
  expect_error([&] { SafetensorsFile{path}; }, {path.string(), "1 bytes at the end"});
}

// Whatever byte is damaged, the reader ends with a file or an Error.
TEST(Safetensors, FlippedBytesNeverCrash) {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  write_safetensors(path, {view("x", Dtype::kFloat16, {2}, "1234"), view("y", Dtype::kInt8, {1, 1}, "5")});
  const std::string whole = read_file(path);
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const int flip : {1, 2, 16, 128, 255}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      fs::remove(path);  // some file systems flush a file that is truncated and written again
      write_text(path, damaged);
      try {
        const SafetensorsFile file(path);
        for (const TensorView& tensor : file.tensors())
          EXPECT_EQ(tensor.bytes.size(), static_cast<std::size_t>(tensor.numel()) * dtype_size(tensor.dtype));
      } catch (const Error&) {}
    }
}

TEST(Safetensors, DamagedHeaders) {
  const TemporaryFolder folder;
  const auto path = folder / "a.safetensors";
  const std::string data(8, '\0');
  const auto fails = [&](const std::string& content, std::initializer_list<std::string> parts) {
    write_text(path, content);
    expect_error([&] { SafetensorsFile{path}; }, parts, path.string());
  };
  const auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
  };
  const auto one = [&](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return file_with("{\"w\":" + entry(dtype, shape, offsets) + "}", data);
  };
  fails(little<std::uint64_t>(~0ull) + "{}", {"not a safetensors file"});
  fails(little<std::uint64_t>(1'000'000) + "{}", {"cut short"});
  fails(file_with("{\"w\":", data), {"the header:1:", "not valid JSON"});
  fails(file_with("[]", ""), {"an object was expected"});
  fails("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", {"git lfs pull"});

  fails(one("F32", "[3]", "[0,8]"), {"'w'", "shape [3] of float32 does not fill its 8 bytes"});
  fails(one("F8_E4M3", "[8]", "[0,8]"), {"'w'", "'F8_E4M3' is not supported"});
  fails(one("F32", "[2]", "[8,0]"), {"'w'", "backwards"});
  fails(one("F32", "[4]", "[0,16]"), {"'w'", "ends at byte 16, but the file holds only 8"});
  fails(one("F32", "[-2]", "[0,8]"), {"'w'", "shape holds -2"});
  fails(one("F32", "[2.0]", "[0,8]"), {"'w'", "shape holds 2.0"});
  fails(one("F32", "[4611686018427387904,2]", "[0,0]"), {"'w'", "does not fill"});  // 2^62 * 2 * 4 wraps to 0
  fails(one("F32", "[18446744073709551615]", "[0,8]"), {"'w'"});
  fails(one("F32", "2", "[0,8]"), {"'w'", "shape an array"});
  fails(one("F32", "[2]", "[0,4,8]"), {"'w'", "two numbers"});
  fails(file_with(R"({"w":{"dtype":"F32","shape":[2]}})", data), {"'w'", "must hold dtype, shape and data_offsets"});
  fails(file_with(R"({"w":3})", data), {"'w'"});
  fails(file_with(R"({"__metadata__":{"a":1}})", ""), {"__metadata__ 'a' must be a string"});
  fails(file_with(R"({"__metadata__":1})", ""), {"__metadata__ must be an object"});

  const std::string head = "{\"w\":" + entry("F32", "[1]", "[0,4]") + ",";
  fails(file_with(head + "\"w\":" + entry("F32", "[1]", "[4,8]") + "}", data), {"'w' occurs twice"});
  fails(file_with(head + "\"v\":" + entry("F32", "[1]", "[3,7]") + "}", data), {"'v'", "overlaps"});
  fails(file_with(head + "\"v\":" + entry("F16", "[1]", "[6,8]") + "}", data), {"'v'", "gap"});
  fails(file_with(head + "\"v\":" + entry("F16", "[1]", "[4,6]") + "}", data), {"2 bytes at the end"});
  fails(file_with(head + "\"v\":" + entry("F16", "[0]", "[2,2]") + "}", data.substr(4)), {"'v'", "overlaps"});
  expect_error([&] { SafetensorsFile{folder / "none"}; }, {"none"});
}

// The product of the other extents fits no number.
TEST(Safetensors, EmptyTensorsOfAnyShape) {
  const TemporaryFolder folder;
  write_text(folder / "a",
             file_with(R"({"w":{"dtype":"U8","shape":[4611686018427387904,2,0],"data_offsets":[0,0]}})", ""));
  EXPECT_EQ(SafetensorsFile(folder / "a").tensors().at(0).numel(), 0);
}

// What a message quotes is short, and cannot control a terminal.
TEST(Safetensors, LongAndStrangeNamesInMessages) {
  const TemporaryFolder folder;
  const std::string name = "\\u001b[31m" + std::string(100'000, 'x');
  for (const std::string& header : {"{\"" + name + "\":{\"dtype\":\"X\"}}",
                                    R"({"w":{"dtype":"F32","shape":[")" + name + R"("],"data_offsets":[0,4]}})"}) {
    write_text(folder / "a", file_with(header, "1234"));
    try {
      SafetensorsFile{folder / "a"};
      ADD_FAILURE() << "no Error";
    } catch (const Error& error) {
      EXPECT_LT(std::string(error.what()).size(), 5000u);
      EXPECT_EQ(std::string(error.what()).find('\x1B'), std::string::npos);
    }
  }
}

TEST(Safetensors, OddHeaderLengthsAndNoMetadata) {
  const TemporaryFolder folder;
  write_text(folder / "a", file_with(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", raw<float>({2.5f})));
  const SafetensorsFile file(folder / "a");
  EXPECT_EQ(value_at(file.tensors().at(0), 0), 2.5);
  EXPECT_TRUE(file.metadata().empty());
}

// Byte for byte what the reference implementation wrote.
TEST(Safetensors, RewritesTheGoldens) {
  if (!std::filesystem::exists(shared_dir() / "goldens/seq")) GTEST_SKIP();
  const TemporaryFolder folder;
  for (const char* name :
       {"seq/model.safetensors", "par/model.safetensors", "adapter-seq-r2-dora/adapter_model.safetensors",
        "seq-safetensors-sharded-bf16/model-00003-of-00005.safetensors"}) {
    const auto path = shared_dir() / "goldens" / name;
    write_safetensors(folder / "copy", SafetensorsFile(path).tensors());
    EXPECT_EQ(read_file(folder / "copy"), read_file(path)) << name;
  }
}

}  // namespace
}  // namespace aacft::testing
