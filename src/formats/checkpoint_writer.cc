#include "aacft/formats/checkpoint_writer.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "aacft/base/file.h"

namespace aacft {

CheckpointWriter::CheckpointWriter(fs::path folder, std::vector<TensorSpec> tensors, std::uint64_t max_shard_bytes)
    : folder_(std::move(folder)) {
  for (TensorSpec& tensor : tensors) {
    std::uint64_t bytes = dtype_size(tensor.dtype);
    for (const std::int64_t size : tensor.shape) bytes *= static_cast<std::uint64_t>(size);
    if (shards_.empty() || (shards_.back().bytes > 0 && shards_.back().bytes + bytes > max_shard_bytes))
      shards_.emplace_back();
    shards_.back().tensors.push_back(std::move(tensor));
    shards_.back().bytes += bytes;
    total_ += bytes;
  }
}

std::string CheckpointWriter::shard_name(std::size_t index) const {
  if (shards_.size() == 1) return "model.safetensors";
  char name[64];
  std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", index + 1, shards_.size());
  return name;
}

void CheckpointWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (writer_ == nullptr) {
      writer_ = std::make_unique<SafetensorsWriter>(folder_ / shard_name(current_), shards_[current_].tensors);
      left_ = shards_[current_].bytes;
    }
    const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), left_));
    writer_->write(piece);
    bytes = bytes.subspan(piece.size());
    left_ -= piece.size();
    if (left_ > 0) continue;
    writer_->commit();
    writer_.reset();
    ++current_;
  }
}

void CheckpointWriter::commit() {
  assert(writer_ == nullptr && current_ == shards_.size());
  if (shards_.size() == 1) return;
  nlohmann::json map = nlohmann::json::object();
  for (std::size_t i = 0; i < shards_.size(); ++i)
    for (const TensorSpec& tensor : shards_[i].tensors) map[tensor.name] = shard_name(i);
  const nlohmann::json index = {{"metadata", {{"total_size", total_}}}, {"weight_map", map}};
  write_file_atomic(folder_ / "model.safetensors.index.json", index.dump(2) + "\n");
}

}  // namespace aacft
