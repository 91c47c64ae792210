// Counter-based random numbers: every draw is a pure function of what it is for, so no generator state exists that
// could be lost (law 1). Philox-4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace aacft {

// What a draw is for; part of the key, so that streams never meet.
enum class Purpose : std::uint32_t {
  kShuffle = 1,
  kDropout = 2,
  kAdapterInit = 3,
  kModelInit = 4,
  kSampling = 5,
  kSplit = 6,
  kIcons = 7,
  kBootstrap = 8
};

// The bijection itself: ten rounds on a 128-bit counter under a 64-bit key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// The draws of one (seed, purpose, stream, substream), addressed by index.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t stream = 0, std::uint32_t substream = 0);

  std::uint32_t bits(std::uint64_t index) const;
  float uniform(std::uint64_t index) const;          // in [0, 1), 24 bits
  double uniform_double(std::uint64_t index) const;  // in [0, 1), 53 bits
  float normal(std::uint64_t index) const;           // mean 0, deviation 1 (Box-Muller)

  // values[i] = normal(first + i); first is even. Half the work of one by one.
  void fill_normal(float* values, std::uint64_t first, std::size_t count) const;

  // Dropout: values[i] = 0 with probability p, else 1 / (1 - p); p in [0, 1). Value i is a function of i alone.
  void fill_mask(float* values, std::size_t count, float p) const;

  // What philox is called with: the kernels draw the same masks with it, many values at a time.
  std::array<std::uint32_t, 2> key() const { return key_; }

  // A permutation of 0 .. size-1, evaluated one element at a time: a balanced Feistel network over this stream,
  // walked until it lands inside the range.
  std::uint64_t permute(std::uint64_t index, std::uint64_t size) const;

 private:
  std::pair<float, float> normal_pair(std::uint64_t pair) const;
  std::array<std::uint32_t, 4> block(std::uint64_t index) const;

  std::array<std::uint32_t, 2> key_;
  std::uint32_t stream_;
};

}  // namespace aacft
