// A model's weights: a folder's in any of the layouts that transformers writes (model.safetensors, sharded safetensors
// with model.safetensors.index.json, pytorch_model.bin, sharded .bin with pytorch_model.bin.index.json; the first of
// these that is there is taken), or those of a GGUF file.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "aacft/formats/gguf.h"
#include "aacft/formats/tensor.h"

namespace aacft {

// All shards, mapped. Throws Error when the folder has no weights, a shard is missing, the index names a tensor that
// its shard lacks, a shard path leaves the folder, or a name occurs twice. What the index says of tensors whose names
// are `unused` does not matter.
class Checkpoint {
 public:
  explicit Checkpoint(const std::filesystem::path& folder,
                      const std::function<bool(const std::string& name)>& unused = {});
  // Of a GGUF file, whose tensors have other names: rename() gives each the one that it goes by here, and the order of
  // its rows; those that get the name "" are left out.
  Checkpoint(GgufFile file, const fs::path& path, const std::function<void(TensorView&)>& rename);
  ~Checkpoint();
  Checkpoint(Checkpoint&&) noexcept;

  const std::vector<TensorView>& tensors() const { return tensors_; }
  const TensorView* find(const std::string& name) const;  // null where there is none
  const std::string& layout() const {
    return layout_;
  }  // "safetensors", "sharded safetensors", "torch bin", ..., "GGUF"
  const std::filesystem::path& folder() const { return folder_; }  // or the file

  // These bytes of a tensor are not needed for now; see MemoryMap::release. Copies stay as they are.
  void release(std::span<const std::byte> bytes) const;

 private:
  struct Files;
  std::filesystem::path folder_;
  std::string layout_;
  std::unique_ptr<Files> files_;
  std::vector<TensorView> tensors_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

}  // namespace aacft
