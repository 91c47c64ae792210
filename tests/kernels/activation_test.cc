#include "aacft/kernels/activation.h"

#include <limits>
#include <numbers>

#include "kernels/buffer.h"

namespace aacft {
namespace {

constexpr GeluKind kKinds[] = {GeluKind::kErf, GeluKind::kTanh};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double reference(double x, GeluKind kind) {
  if (kind == GeluKind::kErf) return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
  const double v = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return x / (1 + std::exp(-2 * v));  // x (1 + tanh v) / 2 without cancellation
}

double slope(double x, GeluKind kind) {
  const double h = 1e-5;
  return (reference(x + h, kind) - reference(x - h, kind)) / (2 * h);
}

class Activation : public OnEveryIsa {};

// x from -20 to 20 in a matrix of that many columns.
Buffer points(std::int64_t cols, Element element) {
  const std::int64_t rows = std::max<std::int64_t>(8000 / cols, 1);
  Buffer x(rows, cols, element);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j)
      x.set(i, j,
            -20 + 40 * static_cast<double>(i * cols + j) /
                      static_cast<double>(std::max<std::int64_t>(rows * cols - 1, 1)));
  return x;
}

TEST_P(Activation, Gelu) {
  for (const GeluKind kind : kKinds)
    for (const std::int64_t cols : kAwkwardSizes)
      for (const Element from : kElements)
        for (const Element to : kElements) {
          const Buffer x = points(cols, from);
          Buffer y(x.rows(), cols, to);
          gelu(x, kind, y);
          EXPECT_TRUE(y.gaps_untouched());
          for (std::int64_t i = 0; i < x.rows(); ++i)
            for (std::int64_t j = 0; j < cols; ++j) {
              const double expected = reference(x.at(i, j), kind);
              ASSERT_NEAR(y.at(i, j), expected,
                          1.5e-7 * std::max(1.0, std::abs(x.at(i, j))) + 1.01 * rounding(to) * std::abs(expected))
                  << x.at(i, j);
            }
        }
}

// Nor is the left tail lost: there 1 + erf(x) would cancel.
TEST_P(Activation, TheLeftTailIsExactToo) {
  for (const GeluKind kind : kKinds) {
    const Buffer x = points(100, Element::kFp32);
    Buffer y(x.rows(), 100);
    gelu(x, kind, y);
    for (std::int64_t i = 0; i < x.rows(); ++i)
      for (std::int64_t j = 0; j < 100; ++j) {
        if (x.at(i, j) > 0 || x.at(i, j) < -8) continue;
        const double expected = reference(x.at(i, j), kind);
        ASSERT_NEAR(y.at(i, j), expected, 1e-5 * std::abs(expected)) << x.at(i, j);
      }
  }
}

TEST_P(Activation, Backward) {
  for (const GeluKind kind : kKinds)
    for (const std::int64_t cols : kAwkwardSizes)
      for (const Element from : kElements)
        for (const Element to : kElements) {
          const Buffer x = points(cols, from);
          Buffer dy(x.rows(), cols, from), dx(x.rows(), cols, to);
          dy.fill_normal(1);
          gelu_backward(x, kind, dy, dx);
          EXPECT_TRUE(dx.gaps_untouched());
          for (std::int64_t i = 0; i < x.rows(); ++i)
            for (std::int64_t j = 0; j < cols; ++j) {
              const double expected = dy.at(i, j) * slope(x.at(i, j), kind);
              ASSERT_NEAR(dx.at(i, j), expected,
                          5e-7 * std::abs(dy.at(i, j)) + 1.01 * rounding(to) * std::abs(expected))
                  << x.at(i, j);
            }
          if (from != to) continue;
          Buffer in_place = dy;
          gelu_backward(x, kind, in_place, in_place);
          EXPECT_EQ(in_place, dx);
          in_place = x;
          gelu_backward(in_place, kind, dy, in_place);
          EXPECT_EQ(in_place, dx);
        }
}

TEST_P(Activation, FarOut) {
  for (const GeluKind kind : kKinds) {
    Buffer x(1, 16), y(1, 16), dy(1, 16), dx(1, 16);
    const double values[] = {50, 1e4, 1e20, 3e38, kInfinity, -50, -1e4, -1e20, -3e38};
    x.fill(0);
    for (std::int64_t j = 0; j < 9; ++j) x.set(0, j, values[j]);
    x.set(0, 9, std::nan(""));
    gelu(x, kind, y);
    gelu_backward(x, kind, dy.fill(1), dx);
    for (std::int64_t j = 0; j < 5; ++j) {
      EXPECT_EQ(y.at(0, j), x.at(0, j));
      EXPECT_EQ(dx.at(0, j), 1);
    }
    for (std::int64_t j = 5; j < 9; ++j) {
      EXPECT_EQ(y.at(0, j), 0);
      EXPECT_NEAR(dx.at(0, j), 0, 1e-30);
    }
    EXPECT_TRUE(std::isnan(y.at(0, 9)));
    EXPECT_TRUE(std::isnan(dx.at(0, 9)));
    EXPECT_EQ(y.at(0, 10), 0);
    EXPECT_EQ(dx.at(0, 10), 0.5);
  }
}

// Where gelu is the identity, what is seen is the conversion alone.
TEST_P(Activation, RoundsToNearestEven) {
  Buffer x(1, 19), y(1, 19, Element::kBf16);
  x.fill_normal(1, 100, 10);
  const double ties[] = {128.5, 129.5, 128.5 + 0x1p-10, 128.5 - 0x1p-10, 255.5};
  for (std::int64_t j = 0; j < 5; ++j)
    for (const std::int64_t at : {j, j + 14}) x.set(0, at, ties[j]);
  x.set(0, 6, std::nan(""));
  gelu(x, GeluKind::kErf, y);
  EXPECT_TRUE(std::isnan(y.at(0, 6)));
  x.set(0, 6, 1);
  y.set(0, 6, 1);
  for (std::int64_t j = 0; j < 19; ++j) EXPECT_EQ(y.at(0, j), rounded_to_bf16(x.at(0, j)));
  EXPECT_EQ(y.at(0, 0), 128);
  EXPECT_EQ(y.at(0, 1), 130);
  EXPECT_EQ(y.at(0, 4), 256);
}

TEST_P(Activation, EachRowAloneAndAnyThreads) {
  for (const GeluKind kind : kKinds)
    for (const std::int64_t cols : {17, 2563}) {
      Buffer x(70, cols), dy(70, cols), y(70, cols), dx(70, cols);
      x.fill_normal(1);
      dy.fill_normal(2);
      set_threads(1);
      gelu(x, kind, y);
      gelu_backward(x, kind, dy, dx);
      for (int count = 2; count <= 4; ++count) {
        set_threads(count);
        Buffer y_again(70, cols), dx_again(70, cols);
        gelu(x, kind, y_again);
        gelu_backward(x, kind, dy, dx_again);
        EXPECT_EQ(y, y_again);
        EXPECT_EQ(dx, dx_again);
      }
      Buffer y_again(70, cols), dx_again(70, cols);
      for (std::int64_t i = 0; i < 70; ++i) {
        gelu(rows_of(x.matrix(), i, 1), kind, rows_of(y_again.matrix(), i, 1));
        gelu_backward(rows_of(x.matrix(), i, 1), kind, rows_of(dy.matrix(), i, 1), rows_of(dx_again.matrix(), i, 1));
      }
      EXPECT_EQ(y, y_again);
      EXPECT_EQ(dx, dx_again);
    }
}

// ---- SwiGLU ----

double silu(double x) { return x / (1 + std::exp(-x)); }

double silu_slope(double x) {
  const double sigmoid = 1 / (1 + std::exp(-x));
  return sigmoid + x * sigmoid / (1 + std::exp(x));
}

// Gates from -20 to 20, and normal values beside them.
Buffer gates(std::int64_t cols, Element element) {
  const Buffer gate = points(cols, element);
  Buffer gate_up(gate.rows(), 2 * cols, element);
  gate_up.fill_normal(3);
  for (std::int64_t i = 0; i < gate.rows(); ++i)
    for (std::int64_t j = 0; j < cols; ++j) gate_up.set(i, j, gate.at(i, j));
  return gate_up;
}

TEST_P(Activation, SwiGlu) {
  for (const std::int64_t cols : kAwkwardSizes)
    for (const Element from : kElements)
      for (const Element to : kElements) {
        const Buffer x = gates(cols, from);
        Buffer y(x.rows(), cols, to);
        swiglu(x, y);
        EXPECT_TRUE(y.gaps_untouched());
        for (std::int64_t i = 0; i < x.rows(); ++i)
          for (std::int64_t j = 0; j < cols; ++j) {
            const double expected = silu(x.at(i, j)) * x.at(i, cols + j);
            ASSERT_NEAR(y.at(i, j), expected, (5e-7 + 1.01 * rounding(to)) * std::abs(expected)) << x.at(i, j);
          }
      }
}

TEST_P(Activation, SwiGluBackward) {
  for (const std::int64_t cols : kAwkwardSizes)
    for (const Element from : kElements)
      for (const Element to : kElements) {
        const Buffer x = gates(cols, from);
        Buffer dy(x.rows(), cols, from), dx(x.rows(), 2 * cols, to);
        dy.fill_normal(1);
        swiglu_backward(x, dy, dx);
        EXPECT_TRUE(dx.gaps_untouched());
        for (std::int64_t i = 0; i < x.rows(); ++i)
          for (std::int64_t j = 0; j < cols; ++j) {
            const double gate = x.at(i, j), d = dy.at(i, j), d_up = d * x.at(i, cols + j);
            const double expected = d_up * silu_slope(gate), expected_up = d * silu(gate);
            ASSERT_NEAR(dx.at(i, j), expected, 5e-7 * std::abs(d_up) + 1.01 * rounding(to) * std::abs(expected))
                << gate;
            ASSERT_NEAR(dx.at(i, cols + j), expected_up, (5e-7 + 1.01 * rounding(to)) * std::abs(expected_up)) << gate;
            const double h = 1e-5;
            ASSERT_NEAR(silu_slope(gate), (silu(gate + h) - silu(gate - h)) / (2 * h), 1e-8);
          }
        if (from != to) continue;
        Buffer in_place = x;
        swiglu_backward(in_place, dy, in_place);
        EXPECT_EQ(in_place, dx);
      }
}

TEST_P(Activation, SwiGluFarOut) {
  constexpr std::int64_t kCols = 17;
  Buffer x(1, 2 * kCols), y(1, kCols), dy(1, kCols), dx(1, 2 * kCols);
  const double values[] = {50, 100, 1e20, 3e38, -100, -1e4, -1e20, -3e38};
  x.fill(1);
  for (std::int64_t j = 0; j < 8; ++j) x.set(0, j, values[j]);
  x.set(0, 8, std::nan(""));
  swiglu(x, y);
  swiglu_backward(x, dy.fill(1), dx);
  for (std::int64_t j = 0; j < 8; ++j) {
    EXPECT_EQ(y.at(0, j), j < 4 ? x.at(0, j) : 0);
    EXPECT_NEAR(dx.at(0, j), j < 4 ? 1 : 0, 1e-30);
    EXPECT_EQ(dx.at(0, kCols + j), y.at(0, j));
  }
  EXPECT_TRUE(std::isnan(y.at(0, 8)) && std::isnan(dx.at(0, 8)) && std::isnan(dx.at(0, kCols + 8)));
}

TEST_P(Activation, SwiGluEachRowAloneAndAnyThreads) {
  for (const std::int64_t cols : {17, 2563}) {
    const Buffer x = Buffer(70, 2 * cols).fill_normal(1), dy = Buffer(70, cols).fill_normal(2);
    Buffer y(70, cols), dx(70, 2 * cols);
    set_threads(1);
    swiglu(x, y);
    swiglu_backward(x, dy, dx);
    for (int count = 2; count <= 4; ++count) {
      set_threads(count);
      Buffer y_again(70, cols), dx_again(70, 2 * cols);
      swiglu(x, y_again);
      swiglu_backward(x, dy, dx_again);
      EXPECT_EQ(y, y_again);
      EXPECT_EQ(dx, dx_again);
    }
    Buffer y_again(70, cols), dx_again(70, 2 * cols);
    for (std::int64_t i = 0; i < 70; ++i) {
      const ConstMatrix row = rows_of(ConstMatrix(x), i, 1);
      swiglu(row, rows_of(y_again.matrix(), i, 1));
      swiglu_backward(row, rows_of(ConstMatrix(dy), i, 1), rows_of(dx_again.matrix(), i, 1));
    }
    EXPECT_EQ(y, y_again);
    EXPECT_EQ(dx, dx_again);
  }
}

AACFT_ON_EVERY_ISA(Activation);

}  // namespace
}  // namespace aacft
