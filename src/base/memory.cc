#include "aacft/base/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace aacft {
namespace {

constexpr std::size_t kHugePage = 2u << 20;
// A heap would keep the holes that larger ones leave.
constexpr std::size_t kLargest = 2 * kHugePage;  // of the heap's

std::size_t rounded_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

Memory::Memory(std::size_t bytes) {
  if (bytes == 0) return;
  if (bytes < kLargest) {
    start_ = {static_cast<std::byte*>(std::aligned_alloc(64, rounded_up(bytes, 64))), Free{bytes}};
    if (start_ == nullptr) throw std::bad_alloc();
    return;
  }
  // Huge pages need their alignment: map more, then give back both ends.
  const std::size_t length = rounded_up(bytes, 4096);
  void* const mapped = ::mmap(nullptr, length + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  std::byte* const first = static_cast<std::byte*>(mapped);
  const std::size_t skip =
      rounded_up(reinterpret_cast<std::uintptr_t>(first), kHugePage) - reinterpret_cast<std::uintptr_t>(first);
  if (skip > 0) ::munmap(first, skip);
  if (skip < kHugePage) ::munmap(first + skip + length, kHugePage - skip);
  ::madvise(first + skip, length, MADV_HUGEPAGE);
  start_ = {first + skip, Free{bytes}};
}

void Memory::Free::operator()(std::byte* start) const {
  if (size < kLargest) {
    std::free(start);
  } else {
    ::munmap(start, rounded_up(size, 4096));
  }
}

}  // namespace aacft
