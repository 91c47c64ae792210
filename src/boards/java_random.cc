#include "aacft/boards/java_random.h"

#include <cassert>

namespace aacft {
namespace {

constexpr std::uint64_t kMultiplier = 0x5DEECE66D, kIncrement = 0xB, kMask = (std::uint64_t{1} << 48) - 1;

}  // namespace

JavaRandom::JavaRandom(std::int64_t seed) : state_((static_cast<std::uint64_t>(seed) ^ kMultiplier) & kMask) {}

std::uint32_t JavaRandom::next(int bits) {
  state_ = (state_ * kMultiplier + kIncrement) & kMask;
  return static_cast<std::uint32_t>(state_ >> (48 - bits));
}

std::int32_t JavaRandom::next_int() { return static_cast<std::int32_t>(next(32)); }

std::int32_t JavaRandom::next_int(std::int32_t bound) {
  assert(bound > 0);
  const auto size = static_cast<std::uint32_t>(bound);
  if ((size & (size - 1)) == 0)
    return static_cast<std::int32_t>((std::uint64_t{size} * next(31)) >> 31);  // the high bits are the better ones
  // Draws of the last, incomplete round of bounds below 2^31 are rejected.
  for (;;) {
    const std::uint32_t bits = next(31), value = bits % size;
    if (bits - value + (size - 1) < std::uint32_t{1} << 31) return static_cast<std::int32_t>(value);
  }
}

double JavaRandom::next_double() {
  const std::uint64_t high = next(26);
  return static_cast<double>((high << 27) + next(27)) * 0x1p-53;
}

}  // namespace aacft
