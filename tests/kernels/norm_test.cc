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

// ---- RMS norm ----

class RmsNorm : public OnEveryIsa {};

// Rows of heads that lie in a wider matrix, with columns between them that are not theirs.
struct HeadsBuffer {
  HeadsBuffer(std::int64_t rows, std::int64_t heads, std::int64_t dim, Element element = Element::kFp32)
      : buffer(rows, heads * (dim + 2), element), head_dim(dim), count(heads) {
    buffer.fill(0.5);
  }
  HeadsBuffer& fill_normal(std::uint64_t seed, double mean = 0, double deviation = 1) {
    Buffer values(buffer.rows(), count * head_dim, buffer.element());
    values.fill_normal(seed, mean, deviation);
    for (std::int64_t i = 0; i < buffer.rows(); ++i)
      for (std::int64_t h = 0; h < count; ++h)
        for (std::int64_t j = 0; j < head_dim; ++j)
          buffer.set(i, h * (head_dim + 2) + j, values.at(i, h * head_dim + j));
    return *this;
  }
  Heads heads() { return heads_of(buffer.matrix(), 0, head_dim, count, head_dim + 2); }
  double at(std::int64_t i, std::int64_t h, std::int64_t j) const { return buffer.at(i, h * (head_dim + 2) + j); }
  bool rest_untouched() const {
    for (std::int64_t i = 0; i < buffer.rows(); ++i)
      for (std::int64_t h = 0; h < count; ++h)
        for (std::int64_t j = head_dim; j < head_dim + 2; ++j)
          if (at(i, h, j) != 0.5) return false;
    return buffer.gaps_untouched();
  }
  friend bool operator==(const HeadsBuffer&, const HeadsBuffer&) = default;

  Buffer buffer;
  std::int64_t head_dim, count;
};

double rms(const HeadsBuffer& x, std::int64_t i, std::int64_t h) {
  double square = 0;
  for (std::int64_t j = 0; j < x.head_dim; ++j) square += x.at(i, h, j) * x.at(i, h, j);
  return std::sqrt(square / static_cast<double>(x.head_dim) + static_cast<double>(kEps));
}

// Calls body(heads, head_dim, element) for rows of one head and of several.
template <typename Body>
void for_each_rms_shape(const Body& body) {
  for (const Element element : kElements) {
    for (const std::int64_t cols : kAwkwardSizes) body(1, cols, element);
    for (const std::int64_t head_dim : {5, 64, 80, 128}) body(3, head_dim, element);
  }
}

TEST_P(RmsNorm, Forward) {
  for_each_rms_shape([](std::int64_t heads, std::int64_t dim, Element element) {
    for (const Element to : kElements) {
      HeadsBuffer x(5, heads, dim, element), y(5, heads, dim, to);
      x.fill_normal(1, 1, 2);
      const auto weight = normal_values(2, dim);
      rms_norm(x.heads(), weight.data(), kEps, y.heads());
      EXPECT_TRUE(y.rest_untouched());
      for (std::int64_t i = 0; i < 5; ++i)
        for (std::int64_t h = 0; h < heads; ++h) {
          const double deviation = rms(x, i, h);
          for (std::int64_t j = 0; j < dim; ++j) {
            const double w = weight[static_cast<std::size_t>(j)], expected = x.at(i, h, j) / deviation * w;
            ASSERT_NEAR(y.at(i, h, j), expected, (rounding(to) + 8 * kUnit) * 1.01 * std::abs(expected)) << dim;
          }
        }
      if (element != to) continue;
      rms_norm(x.heads(), weight.data(), kEps, x.heads());
      EXPECT_EQ(x, y);
    }
  });
}

// sum dy * y as a function of x, for one head.
double rms_loss(const std::vector<double>& x, const std::vector<double>& g) {
  double square = 0, sum = 0;
  for (std::size_t j = 0; j < x.size(); ++j) square += x[j] * x[j], sum += g[j] * x[j];
  return sum / std::sqrt(square / static_cast<double>(x.size()) + static_cast<double>(kEps));
}

TEST_P(RmsNorm, Backward) {
  for_each_rms_shape([](std::int64_t heads, std::int64_t dim, Element element) {
    HeadsBuffer x(3, heads, dim, element), dy(3, heads, dim, element), dx(3, heads, dim, element), sum(3, heads, dim);
    x.fill_normal(1, 1, 2);
    dy.fill_normal(4);
    sum.fill_normal(5);
    const HeadsBuffer before = sum;
    const auto weight = normal_values(2, dim);
    rms_norm_backward(x.heads(), weight.data(), kEps, dy.heads(), dx.heads(), false);
    rms_norm_backward(x.heads(), weight.data(), kEps, dy.heads(), sum.heads(), true);
    EXPECT_TRUE(dx.rest_untouched() && sum.rest_untouched());
    for (std::int64_t i = 0; i < 3; ++i)
      for (std::int64_t h = 0; h < heads; ++h) {
        const double deviation = rms(x, i, h);
        std::vector<double> row, g;
        double slope = 0, size = 1;
        for (std::int64_t j = 0; j < dim; ++j) {
          row.push_back(x.at(i, h, j));
          g.push_back(dy.at(i, h, j) * static_cast<double>(weight[static_cast<std::size_t>(j)]));
          slope += g.back() * row.back() / deviation / static_cast<double>(dim);
          size = std::max(size, std::abs(row.back() / deviation));
        }
        for (std::int64_t j = 0; j < dim; ++j) {
          const auto k = static_cast<std::size_t>(j);
          const double expected = (g[k] - row[k] / deviation * slope) / deviation;
          const double error = 32 * kUnit * (std::abs(g[k]) + size) / deviation;
          ASSERT_NEAR(dx.at(i, h, j), expected, error + 1.01 * rounding(element) * std::abs(expected)) << dim;
          ASSERT_NEAR(sum.at(i, h, j) - before.at(i, h, j), expected, error + 8 * kUnit * std::abs(before.at(i, h, j)));
          if (dim > 100) continue;
          auto up = row, down = row;
          const double step = 1e-5;
          up[k] += step;
          down[k] -= step;
          ASSERT_NEAR(expected, (rms_loss(up, g) - rms_loss(down, g)) / (2 * step), 1e-6 * (size + 1) / deviation);
        }
      }
    rms_norm_backward(x.heads(), weight.data(), kEps, dy.heads(), dy.heads(), false);
    EXPECT_EQ(dy, dx);
  });
}

TEST_P(RmsNorm, WeightGradient) {
  for_each_rms_shape([](std::int64_t heads, std::int64_t dim, Element element) {
    constexpr std::int64_t kRows = 10;
    HeadsBuffer x(kRows, heads, dim, element), dy(kRows, heads, dim, element);
    x.fill_normal(1, 1, 2);
    dy.fill_normal(4);
    const auto before = normal_values(6, dim);
    auto weight = before, cut = before;
    rms_norm_weight_grad(x.heads(), kEps, dy.heads(), weight.data());
    std::vector<double> expected(before.begin(), before.end());
    for (std::int64_t i = 0; i < kRows; ++i)
      for (std::int64_t h = 0; h < heads; ++h) {
        const double deviation = rms(x, i, h);
        for (std::int64_t j = 0; j < dim; ++j)
          expected[static_cast<std::size_t>(j)] += dy.at(i, h, j) * x.at(i, h, j) / deviation;
      }
    for (std::size_t k = 0; k < weight.size(); ++k)
      ASSERT_NEAR(weight[k], expected[k], 100 * kUnit * static_cast<double>(kRows * heads));
    for (const auto& [first, count] : {std::pair{0, 4}, {4, 6}}) {
      const auto part = [&](HeadsBuffer& m) {
        Heads all = m.heads();
        all.first = rows_of(all.first, first, count);
        return all;
      };
      rms_norm_weight_grad(part(x), kEps, part(dy), cut.data());
    }
    EXPECT_EQ(weight, cut);
  });
}

TEST_P(RmsNorm, EachHeadAloneAndAnyThreads) {
  for (const auto& [heads, dim] : {std::pair{1, 2563}, {6, 128}, {3, 17}}) {
    constexpr std::int64_t kRows = 70;
    HeadsBuffer x(kRows, heads, dim), dy(kRows, heads, dim), y(kRows, heads, dim, Element::kBf16),
        dx(kRows, heads, dim);
    x.fill_normal(1, 1, 2);
    dy.fill_normal(4);
    const HeadsBuffer dx_before = dx;
    const auto weight = normal_values(2, dim);
    auto weight_grad = weight;
    set_threads(1);
    rms_norm(x.heads(), weight.data(), kEps, y.heads());
    rms_norm_backward(x.heads(), weight.data(), kEps, dy.heads(), dx.heads(), true);
    rms_norm_weight_grad(x.heads(), kEps, dy.heads(), weight_grad.data());
    for (int count = 2; count <= 4; ++count) {
      set_threads(count);
      HeadsBuffer y_again(kRows, heads, dim, Element::kBf16), dx_again = dx_before;
      rms_norm(x.heads(), weight.data(), kEps, y_again.heads());
      rms_norm_backward(x.heads(), weight.data(), kEps, dy.heads(), dx_again.heads(), true);
      EXPECT_EQ(y, y_again);
      EXPECT_EQ(dx, dx_again);
      auto weight_again = weight;
      rms_norm_weight_grad(x.heads(), kEps, dy.heads(), weight_again.data());
      EXPECT_EQ(weight_grad, weight_again);
    }
    HeadsBuffer y_again(kRows, heads, dim, Element::kBf16), dx_again = dx_before;
    for (std::int64_t i = 0; i < kRows; ++i)
      for (std::int64_t h = 0; h < heads; ++h) {
        const auto one = [&](HeadsBuffer& m) { return rows_of(m.heads()[h], i, 1); };
        rms_norm({one(x), 1}, weight.data(), kEps, {one(y_again), 1});
        rms_norm_backward({one(x), 1}, weight.data(), kEps, {one(dy), 1}, {one(dx_again), 1}, true);
      }
    EXPECT_EQ(y, y_again);
    EXPECT_EQ(dx, dx_again);
  }
}

AACFT_ON_EVERY_ISA(RmsNorm);

}  // namespace
}  // namespace aacft
