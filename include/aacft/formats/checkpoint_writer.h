// Streams a model's weights into a folder as transformers would: one model.safetensors, or shards with
// model.safetensors.index.json where they exceed the shard size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "aacft/formats/safetensors.h"

namespace aacft {

class CheckpointWriter {
 public:
  // Tensors are filled into shards in the given order; one larger than a shard gets its own.
  CheckpointWriter(std::filesystem::path folder, std::vector<TensorSpec> tensors, std::uint64_t max_shard_bytes);

  // The bytes of all tensors, in order; whole tensors or pieces of one.
  void write(std::span<const std::byte> bytes);
  // Writes the index. All bytes must have come.
  void commit();

  std::uint64_t total_bytes() const { return total_; }

 private:
  struct Shard {
    std::vector<TensorSpec> tensors;
    std::uint64_t bytes = 0;
  };
  std::string shard_name(std::size_t index) const;

  std::filesystem::path folder_;
  std::vector<Shard> shards_;
  std::uint64_t total_ = 0;
  std::size_t current_ = 0;  // shard that is being written
  std::uint64_t left_ = 0;   // bytes of it still to come
  std::unique_ptr<SafetensorsWriter> writer_;
};

}  // namespace aacft
