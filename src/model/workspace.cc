#include "aacft/model/workspace.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace aacft {
namespace {

constexpr std::size_t kHugePage = 2u << 20;

std::size_t rounded_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

void Buffer::Free::operator()(std::byte* memory) const { std::free(memory); }

Matrix Buffer::get(std::int64_t rows, std::int64_t cols, Element element) {
  const std::size_t bytes = static_cast<std::size_t>(rows * cols) * element_size(element);
  if (bytes > capacity_) {
    clear();  // first, so that old and new never rest beside each other
    const std::size_t unit = bytes >= 2 * kHugePage ? kHugePage : 64;
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(unit, rounded_up(bytes, unit)));
    if (memory == nullptr) throw std::bad_alloc();
    if (unit == kHugePage) ::madvise(memory, rounded_up(bytes, unit), MADV_HUGEPAGE);
    memory_.reset(memory);
    capacity_ = bytes;
  }
  return {memory_.get(), element, rows, cols, cols};
}

void Buffer::clear() {
  memory_.reset();
  capacity_ = 0;
}

}  // namespace aacft
