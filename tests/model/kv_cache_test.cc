#include "aacft/model/kv_cache.h"

#include <gtest/gtest.h>

#include <cstring>

namespace aacft::testing {
namespace {

constexpr KvShape kShape{.layers = 2, .heads = 3, .head_dim = 4, .element = Element::kFp32};

// A value for every place, so that none can be mistaken for another.
float value_at(std::size_t layer, std::int64_t head, std::int64_t position, std::int64_t dim, bool key) {
  return static_cast<float>(((static_cast<std::int64_t>(layer) * 3 + head) * 1000 + position) * 4 + dim) +
         (key ? 0.0f : 0.5f);
}

float* place(const KvCache& cache, std::size_t layer, std::int64_t head, std::int64_t position, bool key) {
  return reinterpret_cast<float*>(key ? cache.keys(layer) : cache.values(layer)) +
         (head * cache.capacity() + position) * kShape.head_dim;
}

template <typename Body>
void for_each_place(std::int64_t length, const Body& body) {
  for (std::size_t layer = 0; layer < kShape.layers; ++layer)
    for (std::int64_t head = 0; head < kShape.heads; ++head)
      for (std::int64_t position = 0; position < length; ++position)
        for (std::int64_t dim = 0; dim < kShape.head_dim; ++dim)
          for (const bool key : {true, false}) body(layer, head, position, dim, key);
}

KvCache filled(std::int64_t capacity, std::int64_t length) {
  KvCache cache(kShape, capacity);
  for_each_place(length, [&](auto layer, auto head, auto position, auto dim, bool key) {
    place(cache, layer, head, position, key)[dim] = value_at(layer, head, position, dim, key);
  });
  cache.advance(length);
  return cache;
}

void expect_filled(const KvCache& cache, std::int64_t length) {
  ASSERT_EQ(cache.length(), length);
  ASSERT_GE(cache.capacity(), length);
  for_each_place(length, [&](auto layer, auto head, auto position, auto dim, bool key) {
    ASSERT_EQ(place(cache, layer, head, position, key)[dim], value_at(layer, head, position, dim, key));
  });
}

TEST(KvCache, GrowsWithItsContent) {
  KvCache cache = filled(5, 5);
  cache.grow(3);
  EXPECT_EQ(cache.capacity(), 5);
  cache.grow(9);
  EXPECT_EQ(cache.capacity(), 9);
  expect_filled(cache, 5);
}

TEST(KvCache, Rewinds) {
  KvCache cache = filled(6, 6);
  cache.rewind(2);
  expect_filled(cache, 2);
}

TEST(KvCache, CopiesABeginning) {
  const KvCache cache = filled(8, 7);
  KvCache fresh, larger = filled(20, 1), smaller = filled(2, 2);
  for (KvCache* to : {&fresh, &larger, &smaller}) {
    to->copy_beginning(cache, 4);
    expect_filled(*to, 4);
  }
  EXPECT_EQ(larger.capacity(), 20);
  expect_filled(cache, 7);
}

}  // namespace
}  // namespace aacft::testing
