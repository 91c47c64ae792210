// GGUF, the file format of ggml and llama.cpp: metadata by key, then tensors, in one file or in numbered parts
// (https://github.com/ggml-org/ggml, docs/gguf.md). What the keys mean is not known here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/formats/tensor.h"

namespace aacft {

// Of a metadata value; the numbers are the format's.
enum class GgufType : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// As it lies in the mapped file.
struct GgufValue {
  std::string_view key;
  GgufType type = GgufType::kString;
  GgufType element = GgufType::kString;  // of an array; else `type` again
  std::uint64_t count = 1;               // elements of an array
  std::span<const std::byte> bytes;      // a string without its length, the strings of an array with theirs
};

// Typed access by key, with errors that name the file and the key. Where a key is missing `otherwise` is taken, if
// there is one. Views are valid as long as the file's map. Arrays stay in the map until somebody asks for them.
class GgufMetadata {
 public:
  // `where` begins every message. Error when a key occurs twice.
  GgufMetadata(std::string where, std::vector<GgufValue> values);

  const std::vector<GgufValue>& values() const { return values_; }  // in the file's order
  const std::string& where() const { return where_; }

  bool has(std::string_view key) const { return find(key) != nullptr; }

  std::string text(std::string_view key, std::optional<std::string> otherwise = {}) const;  // valid UTF-8
  std::int64_t integer(std::string_view key, std::optional<std::int64_t> otherwise = {}) const;
  double number(std::string_view key, std::optional<double> otherwise = {}) const;  // a whole one, too
  bool flag(std::string_view key, std::optional<bool> otherwise = {}) const;

  // Arrays. The strings are whatever bytes the file holds.
  std::vector<std::string_view> strings(std::string_view key) const;
  std::vector<std::int64_t> integers(std::string_view key) const;
  std::vector<float> floats(std::string_view key) const;

 private:
  const GgufValue* find(std::string_view key) const;
  const GgufValue& require(std::string_view key) const;
  [[noreturn]] void refuse(const GgufValue& value, const char* wanted) const;

  std::string where_;
  std::vector<GgufValue> values_;
  std::unordered_map<std::string_view, std::size_t> by_key_;
};

// For people: text in quotes, numbers and flags as they are, of an array what it holds: "[49152 strings]".
std::string gguf_value_text(const GgufValue& value);

// The first part of a model, or the whole of it; mapped, with all other parts, which lie beside it under their numbers
// (X-00001-of-0000N.gguf). Versions 2 and 3, little-endian. Error, with the file's name, when one is malformed or cut
// short, is not the first part or lacks one, when a tensor has a type that cannot be read or data that leave the file,
// are misaligned or overlap others', or when a name occurs twice.
class GgufFile {
 public:
  explicit GgufFile(const fs::path& path);

  const GgufMetadata& metadata() const { return metadata_; }           // the first part's
  const std::vector<TensorView>& tensors() const { return tensors_; }  // in the order of the headers
  const TensorView* find(const std::string& name) const;               // null where there is none
  std::size_t parts() const { return maps_.size(); }

  // These bytes of a tensor are not needed for now; see MemoryMap::release.
  void release(std::span<const std::byte> bytes) const;

 private:
  void open_other_parts(const fs::path& first);
  void add_tensors(const fs::path& path, std::vector<TensorView> tensors);

  std::vector<MemoryMap> maps_;
  GgufMetadata metadata_;
  std::vector<TensorView> tensors_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

}  // namespace aacft
