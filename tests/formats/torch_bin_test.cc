#include "aacft/formats/torch_bin.h"

#include <gtest/gtest.h>

#include <limits>

#include "aacft/base/file.h"
#include "aacft/formats/checkpoint.h"
#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

fs::path fixture(const std::string& name) { return source_dir() / "tests/formats/data" / name; }

// --- A tiny writer of the files that torch would not write.

struct Entry {
  std::string name, data;
  std::uint16_t method = 0;
};

// With `zip64`, sizes and places are in the 64-bit fields only.
std::string make_zip(const std::vector<Entry>& entries, bool zip64 = false) {
  std::string file, directory;
  const auto u16 = [](std::size_t value) { return little(static_cast<std::uint16_t>(value)); };
  const auto u32 = [](std::size_t value) { return little(static_cast<std::uint32_t>(value)); };
  const auto u64 = [](std::size_t value) { return little(static_cast<std::uint64_t>(value)); };
  for (const auto& [name, data, method] : entries) {
    const std::string sizes = zip64 ? u32(~0u) + u32(~0u) : u32(data.size()) + u32(data.size());
    const std::string extra = zip64 ? u16(1) + u16(24) + u64(data.size()) + u64(data.size()) + u64(file.size()) : "";
    directory += u32(0x02014B50) + u16(45) + u16(45) + u16(0) + u16(method) + u32(0) + u32(0) + sizes +
                 u16(name.size()) + u16(extra.size()) + u16(0) + u16(0) + u16(0) + u32(0) +
                 (zip64 ? u32(~0u) : u32(file.size())) + name + extra;
    file += u32(0x04034B50) + u16(45) + u16(0) + u16(method) + u32(0) + u32(0) + sizes + u16(name.size()) + u16(5) +
            name + "extra" + data;
  }
  const std::size_t at = file.size(), end64 = at + directory.size(), count = entries.size();
  file += directory;
  if (zip64)
    file += u32(0x06064B50) + u64(44) + u16(45) + u16(45) + u32(0) + u32(0) + u64(count) + u64(count) +
            u64(directory.size()) + u64(at) + u32(0x07064B50) + u32(0) + u64(end64) + u32(1);
  return file + u32(0x06054B50) + u16(0) + u16(0) + u16(zip64 ? 0xFFFF : count) + u16(zip64 ? 0xFFFF : count) +
         u32(zip64 ? ~0u : directory.size()) + u32(zip64 ? ~0u : at) + u16(7) + "comment";
}

// Pieces of a pickle.
std::string str(const std::string& text) {
  return std::string("X") + little(static_cast<std::uint32_t>(text.size())) + text;
}
std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
std::string integer(std::int64_t value) { return "\x8A\x08" + little(value); }
std::string integers(const std::vector<std::int64_t>& values) {
  std::string text = "(";
  for (const std::int64_t value : values) text += integer(value);
  return text + "t";
}
std::string storage(std::int64_t numel, const std::string& type = "FloatStorage", const std::string& key = "0") {
  return std::string("(") + str("storage") + global("torch", type) + str(key) + str("cpu") + integer(numel) + "tQ";
}
std::string tensor(const std::string& from, std::int64_t offset, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& stride) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + from + integer(offset) + integers(shape) +
         integers(stride) + "\x89" + global("collections", "OrderedDict") + ")RtR";
}
std::string dict(const std::string& items) { return "\x80\x02}(" + items + "u."; }

std::string torch_zip(const std::string& pickle, const std::string& data, bool zip64 = false) {
  return make_zip({{"archive/data.pkl", pickle}, {"archive/data/0", data}, {"archive/version", "3\n"}}, zip64);
}

std::string torch_legacy(const std::string& pickle, const std::string& storages, bool little_endian = true) {
  return "\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19." + std::string("\x80\x02M\xE9\x03.") +
         "\x80\x02}(" + str("little_endian") + (little_endian ? "\x88" : "\x89") + "u." + pickle + storages;
}

class TorchBin : public ::testing::Test {
 protected:
  // What a file with these bytes holds.
  TorchBinFile open(const std::string& bytes) {
    fs::remove(path_);  // some file systems flush a file that is truncated and written again
    write_text(path_, bytes);
    return TorchBinFile(path_);
  }
  void fails(const std::string& bytes, std::initializer_list<std::string> parts) {
    expect_error([&] { open(bytes); }, parts, path_.string());
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "pytorch_model.bin";
  const std::string floats_ = raw<float>({0, 1, 2, 3, 4, 5});
};

// --- What torch wrote (data/make.py).

TEST_F(TorchBin, ReadsEveryKindOfTensor) {
  for (const char* name : {"mixed-zip.bin", "mixed-legacy.bin"}) {
    TorchBinFile opened(fixture(name));
    const TorchBinFile file(std::move(opened));  // views stay valid when the file moves
    const auto& tensors = file.tensors();
    std::vector<std::string> names;
    for (const TensorView& tensor : tensors) names.push_back(tensor.name);
    EXPECT_EQ(names, (std::vector<std::string>{"plain", "transposed", "slice", "every_other", "parameter", "half",
                                               "brain", "long", "int", "short", "char", "byte", "bool", "double",
                                               "scalar", "empty", "expanded"}));
    const auto expect = [&](const char* which, Dtype dtype, std::vector<std::int64_t> shape, const std::string& bytes) {
      const TensorView* tensor = find(tensors, which);
      ASSERT_NE(tensor, nullptr) << which;
      EXPECT_EQ(tensor->dtype, dtype) << which;
      EXPECT_EQ(tensor->shape, shape) << which;
      EXPECT_EQ(bytes_of(*tensor), bytes) << name << " " << which;
    };
    expect("plain", Dtype::kFloat32, {3, 4}, raw<float>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
    expect("transposed", Dtype::kFloat32, {4, 3}, raw<float>({0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
    expect("slice", Dtype::kFloat32, {4}, raw<float>({5, 6, 7, 8}));
    expect("every_other", Dtype::kFloat32, {3, 2}, raw<float>({0, 2, 4, 6, 8, 10}));
    expect("parameter", Dtype::kFloat32, {2}, raw<float>({1.5, -2.5}));
    expect("half", Dtype::kFloat16, {3}, raw<std::uint16_t>({0x3C00, 0x4000, 0x4200}));
    expect("brain", Dtype::kBFloat16, {3}, raw<std::uint16_t>({0x3F80, 0x4000, 0x4040}));
    expect("long", Dtype::kInt64, {2}, raw<std::int64_t>({1, -2}));
    expect("int", Dtype::kInt32, {2}, raw<std::int32_t>({1, -2}));
    expect("short", Dtype::kInt16, {2}, raw<std::int16_t>({1, -2}));
    expect("char", Dtype::kInt8, {2}, raw<std::int8_t>({1, -2}));
    expect("byte", Dtype::kUint8, {2}, raw<std::uint8_t>({1, 254}));
    expect("bool", Dtype::kBool, {2}, raw<std::uint8_t>({1, 0}));
    expect("double", Dtype::kFloat64, {2}, raw<double>({1, -2}));
    expect("scalar", Dtype::kFloat32, {}, raw<float>({7}));
    expect("empty", Dtype::kFloat32, {0, 3}, "");
    expect("expanded", Dtype::kFloat32, {2, 2}, raw<float>({5, 5, 5, 5}));
  }
}

TEST_F(TorchBin, ReadsAStateDictWithItsMetadataOrWrapped) {
  for (const char* name : {"module-zip.bin", "module-legacy.bin"}) {
    const TorchBinFile file(fixture(name));
    ASSERT_EQ(file.tensors().size(), 2u) << name;
    EXPECT_EQ(file.tensors()[0].name, "weight");
    EXPECT_EQ(bytes_of(file.tensors()[0]), raw<float>({0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(bytes_of(file.tensors()[1]), raw<float>({6, 7}));
  }
}

TEST_F(TorchBin, RefusesCallsOfTheFile) {
  expect_error([] { TorchBinFile{fixture("evil-zip.bin")}; },
               {"evil-zip.bin", "refused: the file calls 'posix.system'"});
  const std::string call = global("os", "system") + str("touch OWNED") + "\x85R";
  fails(torch_zip(dict(str("w") + call), floats_), {"refused: the file calls 'os.system'"});
  fails(torch_legacy(dict(str("w") + call), ""), {"refused: the file calls 'os.system'"});
  fails(torch_legacy("\x80\x04" + str("os") + str("system") + "\x93" + str("x") + "\x85R.", ""), {"'os.system'"});
  fails(torch_zip(dict(str("w") + global("torch.storage", "_load_from_bytes") + str("x") + "\x85R"), floats_),
        {"'torch.storage._load_from_bytes'"});
  fails(torch_zip(dict(str("w") + global("a\x1B[31m", std::string(1000, 'b'))), floats_), {"'a?[31m.bbb", "...'"});
  // Even where the magic number should be.
  fails("\x80\x02" + call + ".", {"'os.system'"});
}

TEST_F(TorchBin, EveryTruncationIsAnError) {
  for (const char* name : {"mixed-zip.bin", "mixed-legacy.bin", "module-zip.bin", "module-legacy.bin"}) {
    const std::string whole = read_file(fixture(name));
    for (std::size_t size = 0; size < whole.size(); ++size) fails(whole.substr(0, size), {path_.string()});
  }
  const std::string pickle = dict(str("w") + tensor(storage(6), 0, {2, 3}, {3, 1})) + "\x80\x02](" + str("0") + "e.";
  const std::string legacy = torch_legacy(pickle, little<std::int64_t>(6) + floats_);
  EXPECT_EQ(bytes_of(open(legacy).tensors().at(0)), floats_);
  fails(legacy.substr(0, legacy.size() - 1), {"'w'", "storage '0' is missing or cut short"});
  fails(legacy.substr(0, legacy.size() - 30), {"'w'", "storage '0' is missing or cut short"});
}

TEST_F(TorchBin, FlippedBytesNeverCrash) {
  for (const char* name : {"module-zip.bin", "mixed-legacy.bin"}) {
    const std::string whole = read_file(fixture(name));
    for (std::size_t i = 0; i < whole.size(); ++i)
      for (const int flip : {1, 128, 255}) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        try {
          const TorchBinFile file = open(damaged);
          for (const TensorView& tensor : file.tensors())
            EXPECT_EQ(tensor.bytes.size(), static_cast<std::size_t>(tensor.numel()) * dtype_size(tensor.dtype));
        } catch (const Error&) {}
      }
  }
}

// --- What we wrote.

TEST_F(TorchBin, Zip64) {
  const std::string pickle = dict(str("w") + tensor(storage(6), 1, {2, 2}, {2, 1}));
  for (const bool zip64 : {false, true})
    EXPECT_EQ(bytes_of(open(torch_zip(pickle, floats_, zip64)).tensors().at(0)), raw<float>({1, 2, 3, 4}));
  const std::string file = torch_zip(pickle, floats_, true);
  for (std::size_t size = 0; size < file.size(); ++size) fails(file.substr(0, size), {path_.string()});
}

TEST_F(TorchBin, StridesAndBounds) {
  const auto one = [&](std::int64_t offset, std::vector<std::int64_t> shape, std::vector<std::int64_t> stride) {
    return torch_zip(dict(str("w") + tensor(storage(6), offset, shape, stride)), floats_);
  };
  EXPECT_EQ(bytes_of(open(one(0, {3, 2}, {1, 3})).tensors().at(0)), raw<float>({0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(bytes_of(open(one(1, {2, 1, 2}, {2, 99, 1})).tensors().at(0)), raw<float>({1, 2, 3, 4}));
  EXPECT_EQ(bytes_of(open(one(0, {2, 2, 2}, {2, 1, 1})).tensors().at(0)), raw<float>({0, 1, 1, 2, 2, 3, 3, 4}));
  const std::int64_t any = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(bytes_of(open(one(0, {2, 1, 1, 2}, {1, any, any, 3})).tensors().at(0)), raw<float>({0, 3, 1, 4}));
  fails(one(0, {7}, {1}), {"'w'", "shape [7]", "reach element 6 of a storage of 6"});
  fails(one(1, {2, 3}, {3, 1}), {"'w'", "reach element 6"});
  fails(one(0, {2, 2}, {5, 1}), {"'w'", "reach element 6"});
  fails(one(6, {}, {}), {"'w'", "reach element 6"});
  fails(one(0, {2}, {-1}), {"'w'", "not possible"});
  fails(one(0, {-2}, {1}), {"'w'", "not possible"});
  fails(one(0, {std::int64_t{1} << 62, 4}, {4, 1}), {"'w'", "not possible"});
  fails(one(0, {3, 2}, {std::int64_t{1} << 62, 1}), {"'w'", "not possible"});
  fails(one(0, {std::int64_t{1} << 40}, {0}), {"'w'", "expands a smaller storage"});
  EXPECT_EQ(open(one(0, {std::int64_t{1} << 40, std::int64_t{1} << 40, 0}, {1, 1, 1})).tensors().at(0).numel(), 0);
  fails(one(-1, {2}, {1}), {"'w'"});
  fails(one(0, {2}, {1, 1}), {"'w'"});
  fails(one(0, std::vector<std::int64_t>(65, 1), std::vector<std::int64_t>(65, 1)), {"'w'"});
}

// A copy lies in memory of its own, whose pages no file gives back.
TEST_F(TorchBin, WhatIsReleasedKeepsItsValues) {
  constexpr std::int64_t kRows = 300, kColumns = 700;
  std::vector<float> values(kRows * kColumns), transposed;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
  for (std::int64_t c = 0; c < kColumns; ++c)
    for (std::int64_t r = 0; r < kRows; ++r) transposed.push_back(values[static_cast<std::size_t>(r * kColumns + c)]);
  const std::string from = storage(kRows * kColumns);
  write_text(path_, torch_zip(dict(str("plain") + tensor(from, 0, {kRows, kColumns}, {kColumns, 1}) + str("turned") +
                                   tensor(from, 0, {kColumns, kRows}, {1, kColumns})),
                              raw(values)));
  const Checkpoint checkpoint(folder_.path());
  for (const TensorView& tensor : checkpoint.tensors()) checkpoint.release(tensor.bytes);
  EXPECT_EQ(bytes_of(*checkpoint.find("plain")), raw(values));
  EXPECT_EQ(bytes_of(*checkpoint.find("turned")), raw(transposed));
}

TEST_F(TorchBin, Storages) {
  const std::string w = str("w") + tensor(storage(6), 0, {6}, {1});
  fails(torch_zip(dict(w), floats_.substr(1)), {"'w'", "storage '0' is missing or cut short"});
  fails(make_zip({{"a/data.pkl", dict(w)}}), {"'w'", "storage '0' is missing"});
  fails(torch_zip(dict(w + str("v") + tensor(storage(6, "HalfStorage"), 0, {6}, {1})), floats_),
        {"'0' is declared in two ways"});
  fails(torch_zip(dict(w + str("v") + tensor(storage(5), 0, {5}, {1})), floats_), {"'0' is declared in two ways"});
  fails(torch_zip(dict(str("w") + tensor(storage(-1), 0, {1}, {1})), floats_), {"'0'"});
  fails(torch_zip(dict(w + w), floats_), {"'w'", "occurs twice"});
  fails(torch_zip(dict(str("\xFF") + tensor(storage(6), 0, {6}, {1})), floats_), {"UTF-8"});
  const std::string keys = "\x80\x02](" + str("0") + "e.";
  fails(torch_legacy(dict(w) + keys, little<std::int64_t>(5) + floats_), {"storage '0' does not have the size"});
  fails(torch_legacy(dict(w) + "\x80\x02](" + str("1") + "e.", little<std::int64_t>(6) + floats_), {path_.string()});
  fails(torch_legacy(dict(w) + keys, little<std::int64_t>(6) + floats_, false), {"little-endian"});
}

TEST_F(TorchBin, NotAStateDict) {
  fails("", {"not written by torch.save"});
  fails("<html>", {"not written by torch.save"});
  fails("version https://git-lfs.github.com/spec/v1\n", {"git lfs pull"});
  fails("\x80\x02K\x01.", {"magic number"});
  fails(make_zip({{"a/readme", ""}}), {"without data.pkl"});
  fails(make_zip({{"a/data.pkl", "\x80\x02}.", 8}}), {"'a/data.pkl' is compressed"});
  fails(make_zip({{"a/data.pkl", "\x80\x02}."}, {"a/data.pkl", "\x80\x02}."}}), {"'a/data.pkl' occurs twice"});
  fails(make_zip({{"a/data.pkl", "\x80\x02}."}, {"a/byteorder", "big"}}), {"byte order is 'big'"});
  fails(torch_zip("\x80\x02].", floats_), {"no state dict"});
  fails(torch_zip(dict(str("model") + "}(" + str("w") + tensor(storage(6), 0, {6}, {1}) + "u"), floats_),
        {"no tensors at its top level", "'model'"});
  EXPECT_TRUE(open(torch_zip("\x80\x02}.", floats_)).tensors().empty());
}

TEST_F(TorchBin, DamagedPickles) {
  for (const std::string pickle : {"\x80\x05}.",  // a protocol that torch does not write
                                   "\x80\x02",    // no end
                                   ".",          "0.",      "R.",      "Q.",        "t.",
                                   "u.",         "(u.",     "}(Nu.",   "Na.",       "h\x05.",
                                   "q\x01.",     "N(\x85.", "NNR.",    "Nb.",       "X\xFF\xFF\xFF\xFFx.",
                                   "\x8A\x09x.", "cos",     "K\x01Q.", "(NNNNNtQ.", "\x93.",
                                   "NN\x93."})
    fails(torch_zip(pickle, floats_), {path_.string()});
  // Deep nesting costs no stack, neither when read nor when freed.
  std::string deep = "\x80\x02)";
  for (int i = 0; i < 1'000'000; ++i) deep += '\x85';
  fails(torch_zip(deep + ".", floats_), {"no state dict"});
  fails(torch_zip(std::string(5'000'000, '(') + ".", floats_), {"too large"});
  fails(torch_zip(std::string(5'000'000, 'N') + ".", floats_), {"too large"});
  // Lists of lists of the one before: written out, more than there are atoms.
  std::string bomb = "\x80\x02]q" + std::string(1, '\0');
  for (int i = 0; i < 1000; ++i) bomb += "(" + std::string("h\0h\0h\0h\0", 8) + "tq" + std::string(1, '\0');
  fails(torch_zip(bomb + ".", floats_), {"no state dict"});
  // A dict that holds itself.
  fails(torch_zip("\x80\x02}q" + std::string(1, '\0') + str("state_dict") + "h" + std::string(1, '\0') + "s.", floats_),
        {"no tensors"});
}

}  // namespace
}  // namespace aacft::testing
