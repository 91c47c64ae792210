// Memory for activations that is kept from pass to pass, so that a step allocates nothing that the step before had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "aacft/kernels/matrix.h"

namespace aacft {

// Grow-only memory for one matrix. Movable.
class Buffer {
 public:
  // Uninitialised where it had to grow.
  Matrix get(std::int64_t rows, std::int64_t cols, Element element);
  float* floats(std::int64_t count) { return static_cast<float*>(get(1, count, Element::kFp32).data); }
  void clear();
  std::size_t capacity() const { return capacity_; }  // bytes
  std::byte* data() const { return memory_.get(); }

 private:
  struct Free {
    Free() : mapped(0) {}
    explicit Free(std::size_t bytes) : mapped(bytes) {}
    std::size_t mapped;  // bytes; 0: from the heap
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t capacity_ = 0;
};

}  // namespace aacft
