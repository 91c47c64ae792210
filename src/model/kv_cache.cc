#include "aacft/model/kv_cache.h"

#include <cstring>

namespace aacft {
namespace {

std::vector<Memory> memory_for(const KvShape& shape, std::int64_t capacity) {
  const std::size_t bytes =
      static_cast<std::size_t>(shape.heads * capacity * shape.head_dim) * element_size(shape.element);
  std::vector<Memory> layers;
  for (std::size_t i = 0; i < shape.layers; ++i) layers.emplace_back(bytes);
  return layers;
}

}  // namespace

KvCache::KvCache(const KvShape& shape, std::int64_t capacity)
    : shape_(shape), capacity_(capacity), keys_(memory_for(shape, capacity)), values_(memory_for(shape, capacity)) {}

void KvCache::copy_from(const std::vector<Memory>& from_keys, const std::vector<Memory>& from_values,
                        std::int64_t from_capacity) {
  const std::size_t position = static_cast<std::size_t>(shape_.head_dim) * element_size(shape_.element);
  for (std::size_t layer = 0; layer < shape_.layers; ++layer)
    for (std::int64_t head = 0; head < shape_.heads; ++head) {
      const std::size_t to = static_cast<std::size_t>(head * capacity_) * position,
                        from = static_cast<std::size_t>(head * from_capacity) * position,
                        bytes = static_cast<std::size_t>(length_) * position;
      std::memcpy(keys_[layer].data() + to, from_keys[layer].data() + from, bytes);
      std::memcpy(values_[layer].data() + to, from_values[layer].data() + from, bytes);
    }
}

void KvCache::grow(std::int64_t capacity) {
  if (capacity <= capacity_) return;
  KvCache larger(shape_, capacity);
  larger.length_ = length_;
  larger.copy_from(keys_, values_, capacity_);
  *this = std::move(larger);
}

void KvCache::rewind(std::int64_t length) { length_ = length; }

void KvCache::copy_beginning(const KvCache& other, std::int64_t length) {
  length_ = 0;
  if (!(shape_ == other.shape_) || capacity_ < length) *this = KvCache(other.shape_, length);
  length_ = length;
  copy_from(other.keys_, other.values_, other.capacity_);
}

}  // namespace aacft
