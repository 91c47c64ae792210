// Rotated keys and values of one sequence, for every layer: what a pass appends to and attention reads.
#pragma once

#include <cstdint>
#include <vector>

#include "aacft/base/memory.h"
#include "aacft/kernels/matrix.h"

namespace aacft {

// Of how much a position is made.
struct KvShape {
  std::size_t layers = 0;
  std::int64_t heads = 0, head_dim = 0;  // of keys and values
  Element element = Element::kFp32;      // of the model's activations

  bool operator==(const KvShape&) const = default;
};

// Movable. One thread at a time.
class KvCache {
 public:
  KvCache() = default;  // of no model: only to be assigned to
  KvCache(const KvShape& shape, std::int64_t capacity);

  std::int64_t length() const { return length_; }      // positions that are filled
  std::int64_t capacity() const { return capacity_; }  // that there is room for

  // Room for so many positions at least; what is filled stays.
  void grow(std::int64_t capacity);
  // Forgets the positions from `length` on; length <= length().
  void rewind(std::int64_t length);
  // Becomes the first `length` positions of another cache of the same shape, with room for at least that many.
  void copy_beginning(const KvCache& other, std::int64_t length);

  // [heads, capacity, head_dim]
  std::byte* keys(std::size_t layer) const { return keys_[layer].data(); }
  std::byte* values(std::size_t layer) const { return values_[layer].data(); }
  // Every layer has filled so many more.
  void advance(std::int64_t count) { length_ += count; }

 private:
  // The first `length_` positions of `from`'s buffers into this one's.
  void copy_from(const std::vector<Memory>& from_keys, const std::vector<Memory>& from_values,
                 std::int64_t from_capacity);

  KvShape shape_;
  std::int64_t length_ = 0, capacity_ = 0;
  std::vector<Memory> keys_, values_;  // per layer
};

}  // namespace aacft
