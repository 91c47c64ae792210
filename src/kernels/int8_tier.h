// What a tier of instruction sets gives the driver of products in 8 bits, matmul_int8.cc.
//
// Integer sums are exact, so a tier is free in the order of their additions. The sum of a group of kInt8Group inputs
// becomes fp32, is multiplied by the product of both scales, and is added to the groups before it: that chain is the
// only one whose order counts, and it is the same for every row, however many there are.
#pragma once

#include "aacft/kernels/matmul_int8.h"
#include "kernels/matmul_tier.h"

namespace aacft {

// Activations in 8 bits.
struct Int8Rows {
  std::int8_t* values;  // [rows][stride]: -127 .. 127, zeros from a row's end to the weight's padded inputs
  float* scales;        // [rows][groups], with the weight's unit in them; NaN for a group that is not finite
  std::int32_t* sums;   // [rows][groups]: of values
  std::int64_t rows, stride, groups;
  float unit;  // what 1 in a weight's code is worth, in its scale
};

// NF4's levels as integers: times 64.09, rounded, plus 64. Such small ones, so that two products of theirs fit in 16
// bits; among those that do, this factor has the least error (0.0037 of the weight's scale, root of the mean square,
// where NF4 itself errs by 0.036).
constexpr float kNf4Unit = 1.0f / 64.09f;
constexpr std::int32_t kNf4Zero = 64;
struct Nf4Codes {
  alignas(16) std::uint8_t code[16];
};
constexpr Nf4Codes make_nf4_codes() {
  Nf4Codes codes{};
  for (int i = 0; i < 16; ++i) codes.code[i] = static_cast<std::uint8_t>(kNf4Levels[i] / kNf4Unit + kNf4Zero + 0.5f);
  return codes;
}
constexpr Nf4Codes kNf4Codes = make_nf4_codes();

struct Int8Table {
  // Row `row` of `rounded` from that of x.
  void (*round)(const ConstMatrix& x, std::int64_t row, const Int8Rows& rounded);

  // Sums of all rows for blocks block .. block + blocks - 1 of 16 outputs: c [blocks][rows][16].
  void (*multiply)(const Int8Rows& x, const WeightView& w, std::int64_t block, std::int64_t blocks, float* c);
};

// matmul_int8() by a given tier.
void multiply_int8(const Int8Table& table, const ConstMatrix& x, const PackedWeights& weights, const Matrix& y,
                   const Epilogue& epilogue);

}  // namespace aacft
