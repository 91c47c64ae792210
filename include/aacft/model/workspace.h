// Memory for activations that is kept from pass to pass, so that a step allocates nothing that the step before had.
#pragma once

#include <cstddef>
#include <cstdint>

#include "aacft/base/memory.h"
#include "aacft/kernels/matrix.h"

namespace aacft {

// Grow-only memory for one matrix. Movable.
class Buffer {
 public:
  // Uninitialised where it had to grow.
  Matrix get(std::int64_t rows, std::int64_t cols, Element element) {
    return {memory_.get(static_cast<std::size_t>(rows * cols) * element_size(element)), element, rows, cols, cols};
  }
  float* floats(std::int64_t count) { return static_cast<float*>(get(1, count, Element::kFp32).data); }
  // What it holds, of the size it was asked for.
  Matrix over(std::int64_t rows, std::int64_t cols, Element element) const {
    return {memory_.data(), element, rows, cols, cols};
  }
  void clear() { memory_.clear(); }
  std::size_t capacity() const { return memory_.capacity(); }  // bytes
  std::byte* data() const { return memory_.data(); }

 private:
  Scratch memory_;
};

}  // namespace aacft
