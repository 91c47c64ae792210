#include "aacft/model/workspace.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace aacft {
namespace {

constexpr std::size_t kHugePage = 2u << 20;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

void Buffer::Free::operator()(std::byte* memory) const {
  if (mapped > 0) {
    ::munmap(memory, mapped);
  } else {
    std::free(memory);
  }
}

Matrix Buffer::get(std::int64_t rows, std::int64_t cols, Element element) {
  const std::size_t bytes = static_cast<std::size_t>(rows * cols) * element_size(element);
  if (bytes > capacity_) {
    clear();  // first, so that old and new never rest beside each other
    if (bytes >= 2 * kHugePage) {
      // Straight from the system, to which it returns: a heap would keep the holes.
      const std::size_t mapped = rounded_up(bytes, kHugePage);
      void* memory = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED) throw std::bad_alloc();
      ::madvise(memory, mapped, MADV_HUGEPAGE);
      memory_ = {static_cast<std::byte*>(memory), Free{mapped}};
    } else {
      auto* memory = static_cast<std::byte*>(std::aligned_alloc(64, rounded_up(bytes, 64)));
      if (memory == nullptr) throw std::bad_alloc();
      memory_ = {memory, Free{}};
    }
    capacity_ = bytes;
  }
  return {memory_.get(), element, rows, cols, cols};
}

void Buffer::clear() {
  memory_.reset();
  capacity_ = 0;
}

}  // namespace aacft
