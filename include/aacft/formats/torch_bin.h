// torch.save files that hold a state dict: the zip form (since torch 1.6) and the one before it (magic number
// 0x1950a86a20f9469cfc6c). The pickle inside is interpreted by a reader that knows only what a state dict needs;
// any other global is refused by name, and nothing is ever executed.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/formats/tensor.h"

namespace aacft {

// A mapped file; contiguous tensors are views onto the map, others are copied into row-major order. Non-tensor
// entries (numbers, strings) are ignored. Throws Error naming the file, and the tensor or the global.
class TorchBinFile {
 public:
  explicit TorchBinFile(const fs::path& path);
  TorchBinFile(TorchBinFile&&) = default;

  const std::vector<TensorView>& tensors() const { return tensors_; }  // in the order of the dict
  const MemoryMap& map() const { return map_; }

 private:
  MemoryMap map_;
  std::vector<std::vector<std::byte>> copies_;
  std::vector<TensorView> tensors_;
};

}  // namespace aacft
