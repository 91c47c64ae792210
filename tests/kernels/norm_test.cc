#include "aacft/kernels/norm.h"

#include "kernels/buffer.h"

namespace aacft {
namespace {

constexpr float kEps = 1e-5f;
constexpr double kUnit = 0x1p-24;

class Norm : public OnEveryIsa {};

// One row in double.
struct Reference {
  std::vector<double> normed;
  double mean = 0, deviation = 0;

  explicit Reference(const std::vector<double>& x) {
    const auto n = static_cast<double>(x.size());
    double variance = 0;
    for (const double v : x) mean += v / n;
    for (const double v : x) variance += (v - mean) * (v - mean) / n;
    deviation = std::sqrt(variance + static_cast<double>(kEps));
    for (const double v : x) normed.push_back((v - mean) / deviation);
  }
};

std::vector<double> row(const Buffer& m, std::int64_t i) {
  std::vector<double> values;
  for (std::int64_t j = 0; j < m.cols(); ++j) values.push_back(m.at(i, j));
  return values;
}

// sum dy * y as a function of x.
double loss(const std::vector<double>& x, const std::vector<double>& dy, const std::vector<float>& weight) {
  const Reference reference(x);
  double sum = 0;
  for (std::size_t j = 0; j < x.size(); ++j) sum += dy[j] * reference.normed[j] * static_cast<double>(weight[j]);
  return sum;
}

TEST_P(Norm, Forward) {
  for (const std::int64_t cols : kAwkwardSizes) {
    for (const Element element : kElements) {
      Buffer x(5, cols), y(5, cols, element);
      x.fill_normal(1, 3, 2);
      const auto weight = normal_values(2, cols), bias = normal_values(3, cols);
      layer_norm(x, weight.data(), bias.data(), kEps, y);
      EXPECT_TRUE(y.gaps_untouched());
      for (std::int64_t i = 0; i < 5; ++i) {
        const Reference reference(row(x, i));
        // x - mean loses what the mean's and x's last bits are worth, a few units.
        const double error = 8 * kUnit * (std::abs(reference.mean) / reference.deviation + 4);
        for (std::int64_t j = 0; j < cols; ++j) {
          const auto k = static_cast<std::size_t>(j);
          const double w = weight[k], expected = reference.normed[k] * w + static_cast<double>(bias[k]);
          ASSERT_NEAR(y.at(i, j), expected,
                      error * std::abs(w) + (rounding(element) + kUnit) * std::abs(expected) * 1.01)
              << cols << " " << i << " " << j;
        }
      }
    }
  }
}

TEST_P(Norm, AlmostConstantRows) {
  Buffer x(1, 2560), y(1, 2560);
  x.fill_normal(1, 100, 1e-3);
  const std::vector<float> ones(2560, 1.0f), zeros(2560);
  layer_norm(x, ones.data(), zeros.data(), 1e-12f, y);
  double mean = 0, square = 0;
  for (std::int64_t j = 0; j < 2560; ++j) {
    mean += y.at(0, j) / 2560;
    square += y.at(0, j) * y.at(0, j) / 2560;
  }
  EXPECT_NEAR(mean, 0, 100 * 4 * kUnit / 1e-3);
  EXPECT_NEAR(square, 1, 1e-3);
}

TEST_P(Norm, BackwardAddsTheGradient) {
  for (const std::int64_t cols : kAwkwardSizes) {
    for (const Element element : kElements) {
      Buffer x(3, cols), dy(3, cols, element), dx(3, cols);
      x.fill_normal(1, 1, 2);
      dy.fill_normal(4);
      dx.fill_normal(5);
      const Buffer before = dx;
      const auto weight = normal_values(2, cols);
      layer_norm_backward(x, weight.data(), kEps, dy, dx);
      EXPECT_TRUE(dx.gaps_untouched());
      for (std::int64_t i = 0; i < 3; ++i) {
        const Reference reference(row(x, i));
        double mean = 0, slope = 0;
        for (std::int64_t j = 0; j < cols; ++j) {
          const auto k = static_cast<std::size_t>(j);
          const double g = dy.at(i, j) * static_cast<double>(weight[k]) / static_cast<double>(cols);
          mean += g;
          slope += g * reference.normed[k];
        }
        for (std::int64_t j = 0; j < cols; ++j) {
          const auto k = static_cast<std::size_t>(j);
          const double g = dy.at(i, j) * static_cast<double>(weight[k]);
          const double expected = (g - mean - reference.normed[k] * slope) / reference.deviation;
          const double size = (std::abs(g) + std::abs(mean) + 1) / reference.deviation;
          ASSERT_NEAR(dx.at(i, j) - before.at(i, j), expected, 32 * kUnit * (size + std::abs(before.at(i, j))))
              << cols << " " << j;
          if (cols > 100) continue;
          auto up = row(x, i), down = row(x, i);
          const double h = 1e-5;
          up[k] += h;
          down[k] -= h;
          const double slope_there = (loss(up, row(dy, i), weight) - loss(down, row(dy, i), weight)) / (2 * h);
          ASSERT_NEAR(expected, slope_there, 1e-6 * size);
        }
      }
    }
  }
}

TEST_P(Norm, WeightGradient) {
  for (const std::int64_t cols : kAwkwardSizes) {
    for (const Element element : kElements) {
      constexpr std::int64_t kRows = 10;
      Buffer x(kRows, cols), dy(kRows, cols, element);
      x.fill_normal(1, 1, 2);
      dy.fill_normal(4);
      const auto weight_before = normal_values(6, cols), bias_before = normal_values(7, cols);
      auto weight = weight_before, bias = bias_before, weight_cut = weight_before, bias_cut = bias_before;
      layer_norm_weight_grad(x, kEps, dy, weight.data(), bias.data());
      std::vector<double> w(weight_before.begin(), weight_before.end()), b(bias_before.begin(), bias_before.end());
      for (std::int64_t i = 0; i < kRows; ++i) {
        const Reference reference(row(x, i));
        for (std::int64_t j = 0; j < cols; ++j) {
          const auto k = static_cast<std::size_t>(j);
          w[k] += dy.at(i, j) * reference.normed[k];
          b[k] += dy.at(i, j);
        }
      }
      for (std::size_t k = 0; k < w.size(); ++k) {
        ASSERT_NEAR(weight[k], w[k], 100 * kUnit * kRows);  // terms below 16, some units each
        ASSERT_NEAR(bias[k], b[k], 16 * kUnit * kRows);
      }
      // Cut in two.
      layer_norm_weight_grad(rows_of(x.matrix(), 0, 4), kEps, rows_of(dy.matrix(), 0, 4), weight_cut.data(),
                             bias_cut.data());
      layer_norm_weight_grad(rows_of(x.matrix(), 4, 6), kEps, rows_of(dy.matrix(), 4, 6), weight_cut.data(),
                             bias_cut.data());
      EXPECT_EQ(weight, weight_cut);
      EXPECT_EQ(bias, bias_cut);
    }
  }
}

TEST_P(Norm, EachRowAloneAndAnyThreads) {
  for (const std::int64_t cols : {17, 2563}) {
    constexpr std::int64_t kRows = 70;
    Buffer x(kRows, cols), dy(kRows, cols), y(kRows, cols, Element::kBf16), dx(kRows, cols);
    x.fill_normal(1, 1, 2);
    dy.fill_normal(4);
    dx.fill_normal(5);
    const Buffer dx_before = dx;
    const auto weight = normal_values(2, cols), bias = normal_values(3, cols);
    auto weight_grad = weight, bias_grad = bias;
    set_threads(1);
    layer_norm(x, weight.data(), bias.data(), kEps, y);
    layer_norm_backward(x, weight.data(), kEps, dy, dx);
    layer_norm_weight_grad(x, kEps, dy, weight_grad.data(), bias_grad.data());
    for (int count = 2; count <= 4; ++count) {
      set_threads(count);
      Buffer y_again(kRows, cols, Element::kBf16), dx_again = dx_before;
      layer_norm(x, weight.data(), bias.data(), kEps, y_again);
      layer_norm_backward(x, weight.data(), kEps, dy, dx_again);
      EXPECT_EQ(y, y_again);
      EXPECT_EQ(dx, dx_again);
      auto weight_again = weight, bias_again = bias;
      layer_norm_weight_grad(x, kEps, dy, weight_again.data(), bias_again.data());
      EXPECT_EQ(weight_grad, weight_again);
      EXPECT_EQ(bias_grad, bias_again);
    }
    Buffer y_again(kRows, cols, Element::kBf16), dx_again = dx_before;
    for (std::int64_t i = 0; i < kRows; ++i) {
      layer_norm(rows_of(x.matrix(), i, 1), weight.data(), bias.data(), kEps, rows_of(y_again.matrix(), i, 1));
      layer_norm_backward(rows_of(x.matrix(), i, 1), weight.data(), kEps, rows_of(dy.matrix(), i, 1),
                          rows_of(dx_again.matrix(), i, 1));
    }
    EXPECT_EQ(y, y_again);
    EXPECT_EQ(dx, dx_again);
  }
}

AACFT_ON_EVERY_ISA(Norm);

}  // namespace
}  // namespace aacft
