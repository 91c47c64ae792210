#include "aacft/formats/gguf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "aacft/formats/block_encoding.h"
#include "aacft/formats/json.h"
#include "formats/gguf_types.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

std::string text_of(std::string_view text) { return little<std::uint64_t>(text.size()) + std::string(text); }

// A file, piece by piece; every number may be a lie.
struct Gguf {
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::string keys, tensors, data;
  std::uint64_t key_count = 0, tensor_count = 0;
  std::size_t alignment = 32;

  Gguf& key(std::string_view name, GgufType type, const std::string& value) {
    keys += text_of(name) + little(type) + value;
    ++key_count;
    return *this;
  }
  Gguf& array(std::string_view name, GgufType element, std::uint64_t count, const std::string& values) {
    return key(name, GgufType::kArray, little(element) + little(count) + values);
  }
  Gguf& text(std::string_view name, std::string_view value) { return key(name, GgufType::kString, text_of(value)); }
  Gguf& count(std::string_view name, std::uint32_t value) { return key(name, GgufType::kUint32, little(value)); }

  // `shape` as in the file, the innermost extent first.
  Gguf& info(std::string_view name, const std::vector<std::uint64_t>& shape, std::uint32_t type, std::uint64_t offset) {
    tensors += text_of(name) + little(static_cast<std::uint32_t>(shape.size())) + raw(shape) + little(type);
    tensors += little(offset);
    ++tensor_count;
    return *this;
  }
  Gguf& tensor(std::string_view name, const std::vector<std::uint64_t>& shape, std::uint32_t type,
               const std::string& bytes) {
    data.resize((data.size() + alignment - 1) / alignment * alignment);
    info(name, shape, type, data.size());
    data += bytes;
    return *this;
  }

  std::string bytes() const {
    std::string file = magic + little(version) + little(tensor_count) + little(key_count) + keys + tensors;
    if (tensor_count > 0) file.resize((file.size() + alignment - 1) / alignment * alignment);
    return file + data;
  }
};

constexpr std::uint32_t kF32 = 0, kF16 = 1, kQ8_0 = 8;

// A folder and a file in it.
class GgufTest : public ::testing::Test {
 protected:
  fs::path write(const Gguf& file, const std::string& name = "model.gguf") { return write(file.bytes(), name); }
  fs::path write(const std::string& bytes, const std::string& name = "model.gguf") {
    fs::remove(folder_ / name);  // some file systems flush a file that is truncated and written again
    write_text(folder_ / name, bytes);
    return folder_ / name;
  }
  void fails(const Gguf& file, std::initializer_list<std::string> parts) { fails(file.bytes(), parts); }
  void fails(const std::string& bytes, std::initializer_list<std::string> parts) {
    const fs::path path = write(bytes);
    expect_error([&] { GgufFile{path}; }, parts, path.string());
  }

  TemporaryFolder folder_;
};

Gguf with_every_type() {
  Gguf file;
  file.key("u8", GgufType::kUint8, "\xFF").key("i8", GgufType::kInt8, "\xFF");
  file.key("u16", GgufType::kUint16, "\xFF\xFF").key("i16", GgufType::kInt16, "\xFE\xFF");
  file.key("u32", GgufType::kUint32, "\xFF\xFF\xFF\xFF").key("i32", GgufType::kInt32, "\xFD\xFF\xFF\xFF");
  file.key("u64", GgufType::kUint64, little<std::uint64_t>(1ull << 40));
  file.key("i64", GgufType::kInt64, little<std::int64_t>(-(1ll << 40)));
  file.key("large", GgufType::kUint64, little<std::uint64_t>(1ull << 63));
  file.key("f32", GgufType::kFloat32, little(1e-5f)).key("f64", GgufType::kFloat64, little(0.1));
  file.key("yes", GgufType::kBool, "\1").key("no", GgufType::kBool, std::string(1, '\0'));
  file.text("text", "h\xC3\xA9").text("bytes", "\xFF");
  file.array("strings", GgufType::kString, 3, text_of("a") + text_of("") + text_of("\xFF"));
  file.array("i32s", GgufType::kInt32, 2, raw<std::int32_t>({-1, 6}));
  file.array("u64s", GgufType::kUint64, 1, little<std::uint64_t>(~0ull));
  file.array("f32s", GgufType::kFloat32, 2, raw<float>({0.5f, -2}));
  file.array("flags", GgufType::kBool, 2, std::string("\0\1", 2));
  file.array("none", GgufType::kInt8, 0, "");
  return file;
}

TEST_F(GgufTest, MetadataOfEveryType) {
  const fs::path path = write(with_every_type());
  const GgufFile file(path);
  const GgufMetadata& metadata = file.metadata();
  EXPECT_TRUE(file.tensors().empty());
  EXPECT_EQ(metadata.integer("u8"), 255);
  EXPECT_EQ(metadata.integer("i8"), -1);
  EXPECT_EQ(metadata.integer("u16"), 65535);
  EXPECT_EQ(metadata.integer("i16"), -2);
  EXPECT_EQ(metadata.integer("u32"), 4294967295);
  EXPECT_EQ(metadata.integer("i32"), -3);
  EXPECT_EQ(metadata.integer("u64"), std::int64_t{1} << 40);
  EXPECT_EQ(metadata.integer("i64"), -(std::int64_t{1} << 40));
  EXPECT_EQ(metadata.number("f32"), static_cast<double>(1e-5f));
  EXPECT_EQ(metadata.number("f64"), 0.1);
  EXPECT_EQ(metadata.number("i16"), -2);
  EXPECT_TRUE(metadata.flag("yes"));
  EXPECT_FALSE(metadata.flag("no"));
  EXPECT_EQ(metadata.text("text"), "h\xC3\xA9");
  EXPECT_EQ(metadata.strings("strings"), (std::vector<std::string_view>{"a", "", "\xFF"}));
  EXPECT_EQ(metadata.integers("i32s"), (std::vector<std::int64_t>{-1, 6}));
  EXPECT_EQ(metadata.floats("f32s"), (std::vector<float>{0.5f, -2}));
  EXPECT_TRUE(metadata.integers("none").empty());

  EXPECT_FALSE(metadata.has("missing"));
  EXPECT_EQ(metadata.text("missing", "x"), "x");
  EXPECT_EQ(metadata.integer("missing", 3), 3);
  EXPECT_EQ(metadata.number("missing", 0.5), 0.5);
  EXPECT_TRUE(metadata.flag("missing", true));
  EXPECT_EQ(metadata.integer("u8", 3), 255);

  std::string listed;
  for (const GgufValue& value : metadata.values())
    listed.append(value.key).append("=").append(gguf_value_text(value)).append(" ");
  EXPECT_EQ(listed,
            "u8=255 i8=-1 u16=65535 i16=-2 u32=4294967295 i32=-3 u64=1099511627776 i64=-1099511627776 "
            "large=9223372036854775808 f32=1e-05 f64=0.1 yes=true no=false text=\"h\xC3\xA9\" bytes=\"?\" "
            "strings=[3 strings] i32s=[2 whole numbers] u64s=[1 whole numbers] f32s=[2 numbers] flags=[2 flags] "
            "none=[0 whole numbers] ");
}

TEST_F(GgufTest, MetadataOfAnotherTypeThanWanted) {
  const fs::path path = write(with_every_type());
  const GgufFile file(path);
  const GgufMetadata& metadata = file.metadata();
  const auto refused = [&](const std::function<void()>& action, std::initializer_list<std::string> parts) {
    expect_error(action, parts, path.string());
  };
  refused([&] { metadata.text("missing"); }, {"\"missing\" is missing"});
  refused([&] { metadata.strings("missing"); }, {"\"missing\" is missing"});
  refused([&] { metadata.text("u8", "x"); }, {"\"u8\" must be a text", "not 255"});
  refused([&] { metadata.text("bytes"); }, {"\"bytes\" must be a text in UTF-8"});
  refused([&] { metadata.text("strings"); }, {"\"strings\"", "[3 strings]"});
  refused([&] { metadata.integer("f32"); }, {"\"f32\" must be a whole number", "not 1e-05"});
  refused([&] { metadata.integer("yes"); }, {"not true"});
  refused([&] { metadata.integer("i32s"); }, {"[2 whole numbers]"});
  refused([&] { metadata.integer("large"); }, {"below 2^63", "9223372036854775808"});
  refused([&] { metadata.number("text"); }, {"\"text\" must be a number", "not \"h\xC3\xA9\""});
  refused([&] { metadata.flag("u8"); }, {"\"u8\" must be true or false"});
  refused([&] { metadata.strings("text"); }, {"must be an array of strings"});
  refused([&] { metadata.strings("i32s"); }, {"must be an array of strings"});
  refused([&] { metadata.integers("strings"); }, {"must be an array of whole numbers"});
  refused([&] { metadata.integers("u8"); }, {"must be an array of whole numbers"});
  refused([&] { metadata.integers("u64s"); }, {"below 2^63"});
  refused([&] { metadata.integers("flags"); }, {"must be an array of whole numbers"});
  refused([&] { metadata.floats("i32s"); }, {"must be an array of fp32"});
}

TEST_F(GgufTest, Tensors) {
  const std::string floats = raw<float>({1, 2, 3, 4, 5, 6}), block(34, '\1');
  Gguf file;
  file.text("general.architecture", "any").count("general.alignment", file.alignment = 64);
  file.tensor("w", {3, 2}, kF32, floats).tensor("q", {32, 1, 2}, kQ8_0, block + block);
  file.tensor("ids", {3, 2, 1, 1}, 26, floats);
  for (const std::uint32_t version : {2, 3}) {
    file.version = version;
    const GgufFile read(write(file));
    EXPECT_EQ(read.parts(), 1u);
    ASSERT_EQ(read.tensors().size(), 3u);
    const TensorView &w = read.tensors()[0], &q = read.tensors()[1], &ids = read.tensors()[2];
    EXPECT_EQ(w.name, "w");
    EXPECT_EQ(w.dtype, Dtype::kFloat32);
    EXPECT_EQ(w.shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(bytes_of(w), floats);
    EXPECT_EQ(q.dtype, Dtype::kQ8_0);
    EXPECT_EQ(q.shape, (std::vector<std::int64_t>{2, 1, 32}));
    EXPECT_EQ(bytes_of(q), block + block);
    EXPECT_EQ(ids.dtype, Dtype::kInt32);
    EXPECT_EQ(ids.shape, (std::vector<std::int64_t>{1, 1, 2, 3}));
    EXPECT_EQ(read.find("q"), &q);
    EXPECT_EQ(read.find("v"), nullptr);
    std::vector<float> row(3);
    read_rows(w, 1, 1, row.data());
    EXPECT_EQ(row, (std::vector<float>{4, 5, 6}));
    read.release(w.bytes);
    EXPECT_EQ(bytes_of(w), floats) << "read again from the file";
  }
}

// Every type that is supported, by its number; the others by name.
TEST_F(GgufTest, TypesOfTensors) {
  for (const GgufTensorType& type : kGgufTensorTypes) {
    Gguf file;
    const std::string named = std::to_string(type.number) + " (" + std::string(type.name) + ")";
    if (!type.dtype) {
      fails(file.tensor("w", {256}, type.number, std::string(4096, '\1')), {"'w'", named, "not supported", "Q2_K"});
      continue;
    }
    file.tensor("w", {256, 2}, type.number, std::string(dtype_bytes(*type.dtype, 512), '\1'));
    const GgufFile read(write(file));
    EXPECT_EQ(read.tensors().at(0).dtype, *type.dtype) << type.name;
    if (is_encoded(*type.dtype)) {
      EXPECT_EQ(dtype_name(*type.dtype), type.name);
    }
  }
  fails(Gguf().tensor("w", {256}, 4, std::string(4096, '\1')), {"'w'", "type 4 is not known"});
  fails(Gguf().tensor("w", {256}, ~0u, std::string(4096, '\1')), {"'w'", "type 4294967295 is not known"});
}

TEST_F(GgufTest, WhatIsNoSuchFile) {
  Gguf file = with_every_type();
  fails("", {"cut short"});
  fails("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", {"git lfs pull"});
  file.magic = "GGUX";
  fails(file, {"not a GGUF file", "GGUX"});
  file.magic = "tjgg";
  fails(file, {"before GGUF", "convert"});
  file.magic = "GGUF";
  file.version = 1;
  fails(file, {"version 1", "convert"});
  file.version = 0;
  fails(file, {"version 0"});
  file.version = 4;
  fails(file, {"version 4", "only 2 and 3"});
  file.version = 0x03000000;
  fails(file, {"big-endian", "gguf_convert_endian"});
  expect_error([&] { GgufFile{folder_ / "none.gguf"}; }, {"none.gguf"});
  expect_error([&] { GgufFile{folder_.path()}; }, {folder_.path().string()});
}

TEST_F(GgufTest, DamagedKeys) {
  const auto with = [](GgufType type, const std::string& value) { return Gguf().key("k", type, value); };
  fails(Gguf().count("k", 1).text("k", "x"), {"\"k\" occurs twice"});
  fails(Gguf().count("\xFF", 1), {"not valid UTF-8"});
  fails(with(GgufType::kBool, "\2"), {"'k'", "0 or 1, not 2"});
  fails(with(GgufType{13}, "\2"), {"'k'", "type 13 is not known"});
  fails(with(GgufType::kString, little<std::uint64_t>(~0ull)), {"'k'", "cut short"});
  fails(with(GgufType::kString, little<std::uint64_t>(9) + "12345678"), {"'k'", "9 bytes wanted"});
  fails(Gguf().array("k", GgufType::kFloat64, 1ull << 61, ""), {"'k'", "no array has 2305843009213693952"});
  fails(Gguf().array("k", GgufType::kUint8, ~0ull, "x"), {"'k'", "cut short"});
  fails(Gguf().array("k", GgufType::kString, ~0ull, text_of("a")), {"'k'", "cut short"});
  fails(Gguf().array("k", GgufType::kArray, 1, ""), {"'k'", "arrays of arrays"});
  fails(Gguf().array("k", GgufType{99}, 1, ""), {"'k'", "type 99"});
  fails(Gguf().array("k", GgufType::kBool, 2, "\1\3"), {"'k'", "not 3"});
  Gguf file;
  file.key_count = ~0ull;
  fails(file, {"cut short in its header"});
  file.key_count = 0;
  file.tensor_count = ~0ull;
  fails(file, {"cut short in its header"});
  for (const std::uint32_t alignment : {0u, 24u, 33u})
    fails(Gguf().count("general.alignment", alignment), {"\"general.alignment\"", "power of two"});
  fails(Gguf().text("general.alignment", "32"), {"\"general.alignment\" must be a whole number"});
}

TEST_F(GgufTest, DamagedTensors) {
  const std::string floats = raw<float>({1, 2, 3, 4});
  const auto info = [&](const std::vector<std::uint64_t>& shape, std::uint32_t type, std::uint64_t offset = 0) {
    Gguf file;
    file.info("w", shape, type, offset).data = floats;
    return file;
  };
  fails(info({}, kF32), {"'w'", "0 dimensions"});
  fails(info({1, 1, 1, 1, 1}, kF32), {"'w'", "5 dimensions"});
  fails(info({4, 0}, kF32), {"'w'", "[0, 4] is not possible"});
  fails(info({1ull << 32, 1ull << 32}, kF32), {"'w'", "not possible"});
  fails(info({~0ull}, kF32), {"'w'", "not possible"});
  fails(info({1ull << 59}, kF32), {"'w'", "cut short"});
  fails(info({5}, kF32), {"'w'", "20 bytes at byte 0", "16 bytes of data", "cut short"});
  fails(info({1}, kF32, 32), {"'w'", "at byte 32", "cut short"});
  fails(info({1}, kF32, ~0ull & ~31ull), {"'w'", "cut short"});
  fails(info({1}, kF32, 4), {"'w'", "byte 4", "alignment 32"});
  fails(info({48}, kQ8_0), {"'w'", "rows of 48", "blocks of 32", "Q8_0"});
  fails(info({16, 2}, kQ8_0), {"'w'", "rows of 16"});

  Gguf file;
  file.tensor("w", {4}, kF32, floats).tensor("w", {4}, kF32, floats);
  fails(file, {"'w' occurs twice"});
  file = Gguf();
  file.tensor("v", {16}, kF32, std::string(64, '\0')).info("w", {1}, kF16, 32);
  fails(file, {"'v' and 'w' overlap"});
  file = Gguf();
  file.tensor("v", {4}, kF32, floats).info("w", {4}, kF32, 0);
  fails(file, {"overlap"});
  fails(Gguf().tensor("\xFF", {4}, kF32, floats), {"not valid UTF-8"});
  // What a message quotes is short, and cannot control a terminal.
  file = Gguf();
  file.info("\x1B[31m" + std::string(100'000, 'x'), {5}, kF32, 0);
  try {
    GgufFile{write(file)};
    ADD_FAILURE() << "no Error";
  } catch (const Error& error) {
    EXPECT_LT(std::string(error.what()).size(), 5000u);
    EXPECT_EQ(std::string(error.what()).find('\x1B'), std::string::npos);
  }
}

TEST_F(GgufTest, EveryTruncationIsAnError) {
  Gguf file = with_every_type();
  file.tensor("w", {4}, kF32, raw<float>({1, 2, 3, 4})).tensor("q", {32}, kQ8_0, std::string(34, '\1'));
  const std::string whole = file.bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) fails(whole.substr(0, size), {"cut short"});
  EXPECT_EQ(GgufFile(write(whole + "padding")).tensors().size(), 2u);
}

// Whatever byte is damaged, the reader ends with a file whose values can be read, or an Error.
TEST_F(GgufTest, FlippedBytesNeverCrash) {
  Gguf file;
  file.text("general.architecture", "any").array("a", GgufType::kString, 2, text_of("a") + text_of("b"));
  file.tensor("w", {2, 2}, kF32, raw<float>({1, 2, 3, 4})).tensor("q", {32}, kQ8_0, std::string(34, '\1'));
  const std::string whole = file.bytes();
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const int flip : {1, 2, 16, 128, 255}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      try {
        const GgufFile read(write(damaged));
        for (const TensorView& tensor : read.tensors())
          EXPECT_EQ(tensor.bytes.size(), dtype_bytes(tensor.dtype, tensor.numel()));
      } catch (const Error&) {}
    }
}

Gguf part(int number, int count, int tensors = 3) {
  Gguf file;
  file.key("split.no", GgufType::kUint16, little(static_cast<std::uint16_t>(number)));
  file.key("split.count", GgufType::kUint16, little(static_cast<std::uint16_t>(count)));
  file.key("split.tensors.count", GgufType::kInt32, little(tensors));
  if (number == 0) file.text("general.architecture", "any");
  return file.tensor("w" + std::to_string(number), {1}, kF32, little(static_cast<float>(number)));
}

TEST_F(GgufTest, ModelsInParts) {
  for (int i = 0; i < 3; ++i) write(part(i, 3), "my-0000" + std::to_string(i + 1) + "-of-00003.gguf");
  const fs::path first = folder_ / "my-00001-of-00003.gguf", second = folder_ / "my-00002-of-00003.gguf";
  {
    const GgufFile file(first);
    EXPECT_EQ(file.parts(), 3u);
    EXPECT_EQ(file.metadata().text("general.architecture"), "any");
    ASSERT_EQ(file.tensors().size(), 3u);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(file.tensors()[static_cast<std::size_t>(i)].name, "w" + std::to_string(i));
      EXPECT_EQ(value_at(*file.find("w" + std::to_string(i)), 0), i);
    }
    file.release(file.tensors()[2].bytes);
    EXPECT_EQ(value_at(file.tensors()[2], 0), 2);
  }
  expect_error([&] { GgufFile{second}; }, {"part 2 of 3", "my-00001-of-00003.gguf"}, second.string());
  fails(part(1, 3), {"part 2 of 3", "NAME-00001-of-00003.gguf"});
  fails(part(0, 3), {"first of 3 parts", "-00001-of-00003.gguf"});
  fails(part(3, 3), {"part 4 of 3"});
  EXPECT_EQ(GgufFile(write(part(0, 1, 1))).parts(), 1u);

  write(part(1, 3).tensor("w0", {1}, kF32, "1234"), second.filename());
  expect_error([&] { GgufFile{first}; }, {"'w0' occurs twice"}, second.string());
  write(part(1, 3).tensor("w9", {1}, kF32, "1234"), second.filename());
  expect_error([&] { GgufFile{first}; }, {"hold 4 tensors", "says 3"}, first.string());
  write(part(2, 3), second.filename());
  expect_error([&] { GgufFile{first}; }, {"not part 2 of 3"}, second.string());
  write(part(1, 2), second.filename());
  expect_error([&] { GgufFile{first}; }, {"not part 2 of 3"}, second.string());
  write(Gguf(), second.filename());
  expect_error([&] { GgufFile{first}; }, {"not part 2 of 3"}, second.string());
  fs::remove(second);
  expect_error([&] { GgufFile{first}; }, {"missing", "part 2 of 3", "one folder"}, second.string());
}

// Every tensor of the files that llama.cpp made, as the package gguf reads them.
TEST(Gguf, TheGoldens) {
  const fs::path folder = shared_dir() / "goldens-gguf";
  if (!fs::exists(folder / "expected.json")) GTEST_SKIP() << "no goldens in " << folder;
  const nlohmann::json expected = read_json_object(folder / "expected.json");
  ASSERT_GE(expected.size(), 6u);
  for (const auto& [name, facts] : expected.items()) {
    const GgufFile file(folder / name);
    EXPECT_FALSE(file.metadata().text("general.architecture").empty());
    EXPECT_EQ(file.metadata().strings("tokenizer.ggml.tokens").size(),
              file.metadata().integers("tokenizer.ggml.token_type").size());
    EXPECT_EQ(file.tensors().size(), facts["tensors"].size()) << name;
    for (const auto& [tensor_name, fact] : facts["tensors"].items()) {
      SCOPED_TRACE(name + " " + tensor_name);
      const TensorView* tensor = file.find(tensor_name);
      ASSERT_NE(tensor, nullptr);
      auto shape = fact["shape"].get<std::vector<std::int64_t>>();
      std::reverse(shape.begin(), shape.end());
      EXPECT_EQ(tensor->shape, shape);
      const auto type_name = fact["type"].get<std::string>();
      const auto type = std::find_if(std::begin(kGgufTensorTypes), std::end(kGgufTensorTypes),
                                     [&](const GgufTensorType& known) { return known.name == type_name; });
      ASSERT_NE(type, std::end(kGgufTensorTypes));
      EXPECT_EQ(tensor->dtype, type->dtype);

      const std::int64_t rows = shape.size() < 2 ? tensor->numel() : tensor->numel() / shape.back();
      std::vector<float> values(static_cast<std::size_t>(tensor->numel()));
      read_rows(*tensor, 0, rows, values.data());
      const auto first = fact["first"].get<std::vector<float>>(), last = fact["last"].get<std::vector<float>>();
      EXPECT_TRUE(std::equal(first.begin(), first.end(), values.begin()));
      EXPECT_TRUE(std::equal(last.rbegin(), last.rend(), values.rbegin()));
      const double sum = std::accumulate(values.begin(), values.end(), 0.0);
      const double squares = std::inner_product(values.begin(), values.end(), values.begin(), 0.0, std::plus<>(),
                                                [](double a, double b) { return a * b; });
      const double l2 = fact["l2"];
      EXPECT_NEAR(std::sqrt(squares), l2, 1e-9 * l2);
      EXPECT_NEAR(sum, fact["sum"].get<double>(), 1e-9 * std::sqrt(static_cast<double>(values.size())) * l2);
    }
  }
}

}  // namespace
}  // namespace aacft::testing
