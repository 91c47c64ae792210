#include "aacft/kernels/low_rank.h"

#include "kernels/buffer.h"

namespace aacft {
namespace {

class LowRank : public OnEveryIsa {};

struct Shape {
  std::int64_t rows, cols, rank;
};
constexpr Shape kShapes[] = {{1, 1, 1},     {3, 7, 2},    {4, 8, 3},    {5, 17, 4},   {9, 16, 5},   {16, 33, 8},
                             {17, 100, 16}, {35, 513, 7}, {6, 2560, 8}, {2, 641, 64}, {3, 130, 256}};
constexpr float kDropouts[] = {0, 0.1f, 0.5f};

// Dropout and its masks in full, by RandomStream itself.
struct Dropout {
  std::vector<std::uint64_t> streams;
  DropoutMask mask;
  std::vector<std::vector<float>> values;

  Dropout(float p, std::int64_t rows, std::int64_t cols) {
    for (std::int64_t i = 0; i < rows; ++i) streams.push_back(0x123456789abcdef0u * static_cast<std::uint64_t>(i + 1));
    mask = {p, 99, streams.data(), 5};
    for (const std::uint64_t stream : streams) {
      values.emplace_back(static_cast<std::size_t>(cols));
      RandomStream(99, Purpose::kDropout, stream, 5).fill_mask(values.back().data(), values.back().size(), p);
    }
  }
  Dropout(const Dropout&) = delete;
  double at(std::int64_t i, std::int64_t j) const {
    return values[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
  }
  DropoutMask from(std::int64_t row) const { return {mask.p, mask.seed, mask.row_streams + row, mask.substream}; }
};

double at(const std::vector<float>& m, std::int64_t cols, std::int64_t i, std::int64_t j) {
  return m[static_cast<std::size_t>(i * cols + j)];
}

// A sum in double, and how far a sum of as many terms in fp32 may be from it.
struct Checked {
  double sum = 0, size = 0;
  std::int64_t terms = 0;
  void add(double term) {
    sum += term;
    size += std::abs(term);
    ++terms;
  }
  double tolerance() const { return static_cast<double>(terms + 4) * 0x1p-24 * size + 1e-30; }
};

template <typename Body>
void for_each_case(const Body& body) {
  for (const Shape& shape : kShapes)
    for (const float p : kDropouts)
      for (const Element element : kElements) {
        SCOPED_TRACE(::testing::Message() << shape.rows << " x " << shape.cols << " rank " << shape.rank << " p " << p);
        body(shape, Dropout(p, shape.rows, shape.cols), element);
        if (::testing::Test::HasFatalFailure()) return;
      }
}

TEST_P(LowRank, Masks) {
  for (const float p : {0.01f, 0.05f, 0.1f, 0.5f, 0.9f, 0x1p-24f, 1 - 0x1p-24f, 1e-30f}) {
    for (const std::int64_t cols : {1, 3, 64, 1000, 2563}) {
      const Dropout dropout(p, 6, cols);
      Buffer dx(6, cols);
      dx.fill(0);
      const std::vector<float> ones(static_cast<std::size_t>(std::max<std::int64_t>(cols, 6)), 1.0f);
      low_rank_down_backward(ones.data(), 1, dropout.mask, ones.data(), dx);
      for (std::int64_t i = 0; i < 6; ++i)
        for (std::int64_t j = 0; j < cols; ++j) ASSERT_EQ(dx.at(i, j), dropout.at(i, j)) << p << " " << i << " " << j;
    }
  }
}

TEST_P(LowRank, Down) {
  for_each_case([](const Shape& shape, const Dropout& dropout, Element element) {
    Buffer x(shape.rows, shape.cols, element);
    x.fill_normal(1);
    const auto a = normal_values(2, shape.rank * shape.cols);
    std::vector<float> h(static_cast<std::size_t>(shape.rows * shape.rank));
    low_rank_down(x, dropout.mask, a.data(), shape.rank, h.data());
    for (std::int64_t i = 0; i < shape.rows; ++i)
      for (std::int64_t k = 0; k < shape.rank; ++k) {
        Checked expected;
        for (std::int64_t j = 0; j < shape.cols; ++j)
          expected.add(x.at(i, j) * dropout.at(i, j) * at(a, shape.cols, k, j));
        ASSERT_NEAR(at(h, shape.rank, i, k), expected.sum, expected.tolerance()) << i << " " << k;
      }
  });
}

TEST_P(LowRank, Up) {
  for_each_case([](const Shape& shape, const Dropout&, Element element) {
    Buffer y(shape.rows, shape.cols, element);
    const Buffer before = y.fill_normal(1);
    const auto h = normal_values(2, shape.rows * shape.rank), b = normal_values(3, shape.cols * shape.rank);
    low_rank_up(h.data(), shape.rank, b.data(), 0.7f, y);
    EXPECT_TRUE(y.gaps_untouched());
    for (std::int64_t i = 0; i < shape.rows; ++i)
      for (std::int64_t j = 0; j < shape.cols; ++j) {
        Checked expected;
        expected.add(before.at(i, j));
        for (std::int64_t k = 0; k < shape.rank; ++k)
          expected.add(static_cast<double>(0.7f) * at(h, shape.rank, i, k) * at(b, shape.rank, j, k));
        ASSERT_NEAR(y.at(i, j), expected.sum, expected.tolerance() + 1.01 * rounding(element) * std::abs(expected.sum))
            << i << " " << j;
      }
  });
}

TEST_P(LowRank, UpBackward) {
  for_each_case([](const Shape& shape, const Dropout&, Element element) {
    Buffer dy(shape.rows, shape.cols, element);
    dy.fill_normal(1);
    const auto b = normal_values(3, shape.cols * shape.rank);
    std::vector<float> dh(static_cast<std::size_t>(shape.rows * shape.rank));
    low_rank_up_backward(dy, b.data(), shape.rank, 0.7f, dh.data());
    for (std::int64_t i = 0; i < shape.rows; ++i)
      for (std::int64_t k = 0; k < shape.rank; ++k) {
        Checked expected;
        for (std::int64_t j = 0; j < shape.cols; ++j)
          expected.add(static_cast<double>(0.7f) * dy.at(i, j) * at(b, shape.rank, j, k));
        ASSERT_NEAR(at(dh, shape.rank, i, k), expected.sum, expected.tolerance()) << i << " " << k;
      }
  });
}

TEST_P(LowRank, DownBackward) {
  for_each_case([](const Shape& shape, const Dropout& dropout, Element element) {
    Buffer dx(shape.rows, shape.cols, element);
    const Buffer before = dx.fill_normal(1);
    const auto dh = normal_values(2, shape.rows * shape.rank), a = normal_values(3, shape.rank * shape.cols);
    low_rank_down_backward(dh.data(), shape.rank, dropout.mask, a.data(), dx);
    EXPECT_TRUE(dx.gaps_untouched());
    for (std::int64_t i = 0; i < shape.rows; ++i)
      for (std::int64_t j = 0; j < shape.cols; ++j) {
        Checked expected;
        expected.add(before.at(i, j));
        for (std::int64_t k = 0; k < shape.rank; ++k)
          expected.add(dropout.at(i, j) * at(dh, shape.rank, i, k) * at(a, shape.cols, k, j));
        ASSERT_NEAR(dx.at(i, j), expected.sum, expected.tolerance() + 1.01 * rounding(element) * std::abs(expected.sum))
            << i << " " << j;
      }
  });
}

TEST_P(LowRank, WeightGradients) {
  for_each_case([](const Shape& shape, const Dropout& dropout, Element element) {
    Buffer x(shape.rows, shape.cols, element);
    x.fill_normal(1);
    const auto h = normal_values(2, shape.rows * shape.rank), before = normal_values(3, shape.rank * shape.cols);
    auto a_grad = before, b_grad = before;
    low_rank_a_grad(h.data(), shape.rank, x, dropout.mask, a_grad.data());
    low_rank_b_grad(h.data(), shape.rank, x, 0.7f, b_grad.data());
    for (std::int64_t j = 0; j < shape.cols; ++j)
      for (std::int64_t k = 0; k < shape.rank; ++k) {
        Checked expected_a, expected_b;
        expected_a.add(at(before, shape.cols, k, j));
        expected_b.add(at(before, shape.rank, j, k));
        for (std::int64_t i = 0; i < shape.rows; ++i) {
          expected_a.add(at(h, shape.rank, i, k) * x.at(i, j) * dropout.at(i, j));
          expected_b.add(static_cast<double>(0.7f) * at(h, shape.rank, i, k) * x.at(i, j));
        }
        ASSERT_NEAR(at(a_grad, shape.cols, k, j), expected_a.sum, expected_a.tolerance()) << k << " " << j;
        ASSERT_NEAR(at(b_grad, shape.rank, j, k), expected_b.sum, expected_b.tolerance()) << k << " " << j;
      }
    // Cut in two.
    for (std::int64_t cut = 1; cut < shape.rows; ++cut) {
      auto a_cut = before, b_cut = before;
      for (const auto& [first, count] : {std::pair{std::int64_t{0}, cut}, std::pair{cut, shape.rows - cut}}) {
        const Matrix part = rows_of(x.matrix(), first, count);
        low_rank_a_grad(h.data() + first * shape.rank, shape.rank, part, dropout.from(first), a_cut.data());
        low_rank_b_grad(h.data() + first * shape.rank, shape.rank, part, 0.7f, b_cut.data());
      }
      ASSERT_EQ(a_grad, a_cut);
      ASSERT_EQ(b_grad, b_cut);
    }
  });
}

// The slopes of loss = sum dy * scale * B A dropout(x), in double, by central differences: exact, since it is linear in
// each of its factors.
TEST_P(LowRank, GradientsAreSlopes) {
  constexpr std::int64_t kRows = 3, kIn = 19, kOut = 11, kRank = 2;
  constexpr float kScale = 1.5f;
  const Dropout dropout(0.3f, kRows, kIn);
  Buffer x(kRows, kIn), dy(kRows, kOut), dx(kRows, kIn);
  x.fill_normal(1);
  dy.fill_normal(2);
  dx.fill(0);
  auto a = normal_values(3, kRank * kIn), b = normal_values(4, kOut * kRank);
  std::vector<float> h(kRows * kRank), dh(kRows * kRank), a_grad(a.size()), b_grad(b.size());
  low_rank_down(x, dropout.mask, a.data(), kRank, h.data());
  low_rank_up_backward(dy, b.data(), kRank, kScale, dh.data());
  low_rank_down_backward(dh.data(), kRank, dropout.mask, a.data(), dx);
  low_rank_a_grad(dh.data(), kRank, x, dropout.mask, a_grad.data());
  low_rank_b_grad(h.data(), kRank, dy, kScale, b_grad.data());

  const auto loss = [&] {
    double sum = 0;
    for (std::int64_t i = 0; i < kRows; ++i)
      for (std::int64_t k = 0; k < kRank; ++k) {
        double down = 0, up = 0;
        for (std::int64_t j = 0; j < kIn; ++j) down += x.at(i, j) * dropout.at(i, j) * at(a, kIn, k, j);
        for (std::int64_t j = 0; j < kOut; ++j) up += dy.at(i, j) * at(b, kRank, j, k);
        sum += static_cast<double>(kScale) * down * up;
      }
    return sum;
  };
  const auto expect_slope = [&](double value, double gradient, const auto& set) {
    set(value + 1);
    const double above = loss();
    set(value - 1);
    const double below = loss();
    set(value);
    EXPECT_NEAR(gradient, (above - below) / 2, 3e-5);
  };
  for (std::size_t i = 0; i < a.size(); ++i)
    expect_slope(a[i], a_grad[i], [&](double v) { a[i] = static_cast<float>(v); });
  for (std::size_t i = 0; i < b.size(); ++i)
    expect_slope(b[i], b_grad[i], [&](double v) { b[i] = static_cast<float>(v); });
  for (std::int64_t i = 0; i < kRows; ++i)
    for (std::int64_t j = 0; j < kIn; ++j) expect_slope(x.at(i, j), dx.at(i, j), [&](double v) { x.set(i, j, v); });
}

TEST_P(LowRank, EachRowAloneAndAnyThreads) {
  for (const Shape& shape : {Shape{70, 67, 5}, Shape{37, 1543, 8}}) {
    const Dropout dropout(0.1f, shape.rows, shape.cols);
    Buffer x(shape.rows, shape.cols), y(shape.rows, shape.cols);
    x.fill_normal(1);
    y.fill_normal(2);
    const auto a = normal_values(3, shape.rank * shape.cols), h_in = normal_values(4, shape.rows * shape.rank);
    struct Results {
      std::vector<float> down, up_backward, a_grad, b_grad;
      Buffer up, down_backward;
      bool operator==(const Results&) const = default;
    };
    const std::vector<float> zeros(h_in.size());
    const Results start{zeros, zeros, a, a, y, y};
    const auto by_rows = [&](Results& r, std::int64_t first, std::int64_t count) {
      const std::int64_t at = first * shape.rank;
      const Matrix part = rows_of(x.matrix(), first, count);
      low_rank_down(part, dropout.from(first), a.data(), shape.rank, r.down.data() + at);
      low_rank_up(h_in.data() + at, shape.rank, a.data(), 0.7f, rows_of(r.up.matrix(), first, count));
      low_rank_up_backward(part, a.data(), shape.rank, 0.7f, r.up_backward.data() + at);
      low_rank_down_backward(h_in.data() + at, shape.rank, dropout.from(first), a.data(),
                             rows_of(r.down_backward.matrix(), first, count));
    };
    const auto all = [&] {
      Results r = start;
      by_rows(r, 0, shape.rows);
      low_rank_a_grad(h_in.data(), shape.rank, x, dropout.mask, r.a_grad.data());
      low_rank_b_grad(h_in.data(), shape.rank, x, 0.7f, r.b_grad.data());
      return r;
    };
    set_threads(1);
    const Results expected = all();
    for (int count = 2; count <= 4; ++count) {
      set_threads(count);
      EXPECT_TRUE(all() == expected) << count << " threads";
    }
    Results alone = expected;
    alone.down = alone.up_backward = zeros;
    alone.up = alone.down_backward = y;
    for (std::int64_t i = 0; i < shape.rows; ++i) by_rows(alone, i, 1);
    EXPECT_TRUE(alone == expected);
  }
}

AACFT_ON_EVERY_ISA(LowRank);

}  // namespace
}  // namespace aacft
