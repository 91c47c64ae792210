// Matrices with memory of their own, for the tests of kernels, and the tiers that they run on.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "aacft/base/random.h"
#include "aacft/base/threads.h"
#include "aacft/kernels/isa.h"
#include "aacft/kernels/matrix.h"

namespace aacft {

// To nearest, ties to even, by the definition.
inline double rounded_to_bf16(double x) {
  if (x == 0 || !std::isfinite(x)) return x;
  int exponent = 0;
  const double fraction = std::frexp(x, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
}

// The relative error of rounding to an element type.
inline double rounding(Element element) { return element == Element::kFp32 ? 0x1p-24 : 0x1p-8; }

// Rows lie three elements apart and begin one element after the start, so hardly any is aligned; what lies between must
// not change.
class Buffer {
 public:
  Buffer(std::int64_t rows, std::int64_t cols, Element element = Element::kFp32)
      : rows_(rows),
        cols_(cols),
        element_(element),
        bytes_(static_cast<std::size_t>(rows * (cols + 3) + 1) * element_size(element), std::byte{0x3e}) {}

  Matrix matrix() { return {bytes_.data() + element_size(element_), element_, rows_, cols_, cols_ + 3}; }
  operator Matrix() { return matrix(); }
  operator ConstMatrix() const { return const_cast<Buffer*>(this)->matrix(); }
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  Element element() const { return element_; }

  double at(std::int64_t i, std::int64_t j) const {
    std::uint32_t bits = 0;
    std::memcpy(reinterpret_cast<std::byte*>(&bits) + 4 - element_size(element_), place(i, j), element_size(element_));
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  // Rounds (bf16: by the definition).
  void set(std::int64_t i, std::int64_t j, double x) {
    const auto value = static_cast<float>(element_ == Element::kFp32 ? x : rounded_to_bf16(x));
    std::memcpy(const_cast<std::byte*>(place(i, j)),
                reinterpret_cast<const std::byte*>(&value) + 4 - element_size(element_), element_size(element_));
  }
  Buffer& fill(double x) {
    for (std::int64_t i = 0; i < rows_; ++i)
      for (std::int64_t j = 0; j < cols_; ++j) set(i, j, x);
    return *this;
  }
  Buffer& fill_normal(std::uint64_t seed, double mean = 0, double deviation = 1) {
    const RandomStream random(seed, Purpose::kModelInit);
    std::vector<float> values(static_cast<std::size_t>(cols_));
    for (std::int64_t i = 0; i < rows_; ++i) {
      random.fill_normal(values.data(), static_cast<std::uint64_t>(2 * i * cols_), values.size());
      for (std::int64_t j = 0; j < cols_; ++j)
        set(i, j, mean + deviation * static_cast<double>(values[static_cast<std::size_t>(j)]));
    }
    return *this;
  }

  // The same bytes, gaps and all.
  friend bool operator==(const Buffer& a, const Buffer& b) { return a.bytes_ == b.bytes_; }

  bool gaps_untouched() const {
    Buffer other = *this;
    for (std::int64_t i = 0; i < rows_; ++i)
      std::memset(const_cast<std::byte*>(other.place(i, 0)), 0x3e,
                  static_cast<std::size_t>(cols_) * element_size(element_));
    for (const std::byte byte : other.bytes_)
      if (byte != std::byte{0x3e}) return false;
    return true;
  }

 private:
  const std::byte* place(std::int64_t i, std::int64_t j) const {
    return bytes_.data() + static_cast<std::size_t>(1 + i * (cols_ + 3) + j) * element_size(element_);
  }

  std::int64_t rows_, cols_;
  Element element_;
  std::vector<std::byte> bytes_;
};

inline std::vector<float> normal_values(std::uint64_t seed, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  RandomStream(seed, Purpose::kModelInit).fill_normal(values.data(), 0, values.size());
  return values;
}

// Runs once for each instruction set of this machine; with one to four threads where a test sets them.
class OnEveryIsa : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override { set_isa(GetParam()); }
  void TearDown() override {
    set_isa(before_);
    set_threads(available_cores());
  }

 private:
  Isa before_ = isa();
};

inline std::string isa_of(const ::testing::TestParamInfo<Isa>& info) {
  std::string name(isa_name(info.param));
  std::erase(name, '-');
  return name;
}

#define AACFT_ON_EVERY_ISA(Suite) INSTANTIATE_TEST_SUITE_P(Isas, Suite, ::testing::ValuesIn(available_isas()), isa_of)

constexpr std::int64_t kAwkwardSizes[] = {1, 3, 7, 8, 16, 17, 64, 100, 2560};
constexpr Element kElements[] = {Element::kFp32, Element::kBf16};

}  // namespace aacft
