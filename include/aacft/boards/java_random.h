// What the sampler of icons asks of a generator, and two that answer: java.util.Random's, so that the talk's own draws
// can be repeated, and the counter-based one.
#pragma once

#include <cstdint>

#include "aacft/base/random.h"

namespace aacft {

class Draws {
 public:
  virtual ~Draws() = default;
  virtual std::int32_t next_int(std::int32_t bound) = 0;  // uniform in 0 .. bound - 1; bound > 0
  virtual double next_double() = 0;                       // uniform in [0, 1), 53 bits
};

// As the Java platform's documentation specifies java.util.Random: a linear congruential generator of 48 bits
// (Knuth, TAOCP 2, 3.2.1), bit for bit.
class JavaRandom final : public Draws {
 public:
  explicit JavaRandom(std::int64_t seed);

  std::int32_t next_int();  // all 32 bits
  std::int32_t next_int(std::int32_t bound) override;
  double next_double() override;

 private:
  std::uint32_t next(int bits);

  std::uint64_t state_;
};

// Draw k of sample i is a function of (seed, i, k): samples may be made in any order, and by several threads.
class CounterDraws final : public Draws {
 public:
  CounterDraws(std::uint64_t seed, std::uint64_t sample) : stream_(seed, Purpose::kIcons, sample) {}

  std::int32_t next_int(std::int32_t bound) override { return static_cast<std::int32_t>(next_double() * bound); }
  double next_double() override { return stream_.uniform_double(index_++); }

 private:
  RandomStream stream_;
  std::uint64_t index_ = 0;
};

}  // namespace aacft
