// Writing GGUF files (formats/gguf.h reads them): version 3, little-endian, every tensor at a multiple of 32 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/formats/gguf.h"
#include "aacft/formats/safetensors.h"

namespace aacft {

// Metadata in the order in which they came. A key that comes again takes its former place.
class GgufKeys {
 public:
  GgufKeys() = default;
  // All of a file's as they stand there, but those of its layout: the alignment and the parts.
  explicit GgufKeys(const GgufMetadata& metadata);

  void text(std::string_view key, std::string_view value);
  void count(std::string_view key, std::uint32_t value);
  void number(std::string_view key, float value);
  void flag(std::string_view key, bool value);
  void strings(std::string_view key, const std::vector<std::string>& values);
  void integers(std::string_view key, const std::vector<std::int32_t>& values);
  void floats(std::string_view key, const std::vector<float>& values);
  void set(const GgufValue& value);  // a copy

  std::size_t size() const { return entries_.size(); }
  std::string bytes() const;  // as in a file

 private:
  friend class GgufWriter;
  struct Entry {
    std::string key, value;  // the value with its type
  };
  void put(std::string_view key, std::string value);
  void put_array(std::string_view key, GgufType element, std::size_t count, std::string_view values);

  std::vector<Entry> entries_;
};

// Streams a file, or its parts: the headers are written from `tensors`, then write() is called until the bytes of all
// of them, in that order, have passed; pieces of any size. Where the tensors are more than `most_bytes` (0: no limit),
// they fill parts in their order, none of which holds more unless one tensor alone does: X-00001-of-0000N.gguf for
// X.gguf, as llama.cpp names and finds them, the keys in the first alone. Nothing appears before commit(), and the
// first part last.
class GgufWriter {
 public:
  GgufWriter(const fs::path& path, const GgufKeys& keys, std::vector<TensorSpec> tensors, std::uint64_t most_bytes = 0);
  ~GgufWriter();

  void write(std::span<const std::byte> bytes);
  void commit();

  std::vector<fs::path> paths() const;                  // of the parts; the first is what a reader is given
  std::uint64_t total_bytes() const { return total_; }  // of all files

 private:
  struct Part;
  void finish_tensor();

  std::vector<Part> parts_;
  std::size_t part_ = 0, tensor_ = 0;  // that comes next, or is under way
  std::uint64_t left_ = 0;             // bytes of it still to come
  std::uint64_t total_ = 0;
};

}  // namespace aacft
