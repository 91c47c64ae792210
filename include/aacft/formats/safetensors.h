// safetensors: u64 little-endian header length, JSON header {name: {dtype, shape, data_offsets}}, then the data
// (https://github.com/huggingface/safetensors, README "Format").
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/formats/tensor.h"

namespace aacft {

// A mapped file. Throws Error naming the file and the tensor when the header is malformed, an offset leaves the file,
// ranges overlap, a name repeats, or shape and size disagree.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const fs::path& path);

  const std::vector<TensorView>& tensors() const { return tensors_; }  // in the order of the data
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const MemoryMap& map() const { return map_; }

 private:
  MemoryMap map_;
  std::vector<TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

struct TensorSpec {
  std::string name;
  Dtype dtype = Dtype::kFloat32;
  std::vector<std::int64_t> shape;
};

// Streams a file: the header is written from `tensors`, then write() is called until the bytes of all of them, in that
// order, have passed; pieces of any size. The file appears at commit(). Metadata is {"format": "pt"}, which
// transformers insists on, unless told; the data begin at a multiple of `alignment` bytes.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const fs::path& path, const std::vector<TensorSpec>& tensors,
                    const std::map<std::string, std::string>& metadata = {{"format", "pt"}}, std::size_t alignment = 8);

  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  AtomicFile file_;
  std::size_t left_ = 0;  // bytes still to come
};

// All at once, for small files.
void write_safetensors(const fs::path& path, const std::vector<TensorView>& tensors);

}  // namespace aacft
