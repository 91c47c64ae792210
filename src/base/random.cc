#include "aacft/base/random.h"

#include <cmath>
#include <numbers>

namespace aacft {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// The key hashes everything that names the stream; the counter is left for the index and the substream.
RandomStream::RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t stream, std::uint32_t substream)
    : stream_(substream) {
  const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  const auto hashed =
      philox({low(stream), high(stream), static_cast<std::uint32_t>(purpose), 0}, {low(seed), high(seed)});
  key_ = {hashed[0], hashed[1]};
}

std::array<std::uint32_t, 4> RandomStream::block(std::uint64_t index) const {
  return philox({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), stream_, 1}, key_);
}

std::uint32_t RandomStream::bits(std::uint64_t index) const { return block(index / 4)[index % 4]; }

float RandomStream::uniform(std::uint64_t index) const { return static_cast<float>(bits(index) >> 8) * 0x1p-24f; }

namespace {

// In [0, 1), from 53 of 64 bits.
double to_double(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>(((std::uint64_t{high} << 32) | low) >> 11) * 0x1p-53;
}

}  // namespace

double RandomStream::uniform_double(std::uint64_t index) const {
  const auto words = block(index / 2);
  return index % 2 == 0 ? to_double(words[0], words[1]) : to_double(words[2], words[3]);
}

std::pair<float, float> RandomStream::normal_pair(std::uint64_t pair) const {
  const auto words = block(pair);
  const double radius = std::sqrt(-2.0 * std::log1p(-to_double(words[0], words[1])));
  const double angle = 2.0 * std::numbers::pi * to_double(words[2], words[3]);
  return {static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle))};
}

float RandomStream::normal(std::uint64_t index) const {
  const auto [even, odd] = normal_pair(index / 2);
  return index % 2 == 0 ? even : odd;
}

void RandomStream::fill_normal(float* values, std::uint64_t first, std::size_t count) const {
  for (std::size_t i = 0; i < count; i += 2) {
    const auto [even, odd] = normal_pair((first + i) / 2);
    values[i] = even;
    if (i + 1 < count) values[i + 1] = odd;
  }
}

void RandomStream::fill_mask(float* values, std::size_t count, float p) const {
  const float kept = 1.0f / (1.0f - p);
  for (std::size_t i = 0; i < count; i += 4) {
    const auto words = block(i / 4);
    for (std::size_t j = 0; j < 4 && i + j < count; ++j)
      values[i + j] = static_cast<float>(words[j] >> 8) * 0x1p-24f < p ? 0.0f : kept;
  }
}

std::uint64_t RandomStream::permute(std::uint64_t index, std::uint64_t size) const {
  int half = 4;  // fewer bits do not mix
  while ((std::uint64_t{1} << (2 * half)) < size) ++half;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  do {
    std::uint64_t left = index >> half, right = index & mask;
    for (std::uint32_t round = 0; round < 6; ++round) {
      const auto words = philox(
          {static_cast<std::uint32_t>(right), static_cast<std::uint32_t>(right >> 32), stream_, 2 + round}, key_);
      const std::uint64_t next = left ^ (words[0] & mask);
      left = right;
      right = next;
    }
    index = (left << half) | right;
  } while (index >= size);
  return index;
}

}  // namespace aacft
