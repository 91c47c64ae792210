#include "aacft/kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/buffer.h"

namespace aacft {
namespace {

constexpr double kEps32 = 0x1p-23;

double epsilon(Element element) { return 2 * rounding(element); }

// Bit for bit.
bool same_row(const Buffer& a, std::int64_t row_a, const Buffer& b, std::int64_t row_b) {
  for (std::int64_t j = 0; j < a.cols(); ++j) {
    const float x = a.at(row_a, j), y = b.at(row_b, j);
    if (std::memcmp(&x, &y, 4) != 0) return false;
  }
  return true;
}

struct Shape {
  std::int64_t heads = 1, head_dim = 0;
  // 0: as many, and a row is q | k | v of each head in turn; else it is the heads of q, then of k, then of v.
  std::int64_t kv_heads = 0;

  std::int64_t group() const { return kv_heads == 0 ? 1 : heads / kv_heads; }
  std::int64_t columns() const { return (heads + 2 * heads / group()) * head_dim; }
  // The first column of a head of q, k or v.
  std::int64_t q(std::int64_t h) const { return (kv_heads == 0 ? 3 * h : h) * head_dim; }
  std::int64_t k(std::int64_t h) const { return (kv_heads == 0 ? 3 * h + 1 : heads + h) * head_dim; }
  std::int64_t v(std::int64_t h) const { return (kv_heads == 0 ? 3 * h + 2 : heads + kv_heads + h) * head_dim; }

  template <typename M>
  QkvOf<M> parts(const M& m) const {
    const std::int64_t stride = kv_heads == 0 ? 3 * head_dim : head_dim;
    const auto part = [&](std::int64_t first, std::int64_t count) {
      return heads_of(m, first, head_dim, count, stride);
    };
    return {part(q(0), heads), part(k(0), heads / group()), part(v(0), heads / group())};
  }
};

using Segments = std::vector<AttentionSegment>;

std::int64_t rows_of(const Segments& segments) {
  std::int64_t rows = 0;
  for (const AttentionSegment& segment : segments) rows = std::max(rows, segment.first_row + segment.rows);
  return rows;
}

// The segments of {rows, parent}, one after the other.
Segments make_segments(const std::vector<std::pair<std::int64_t, std::int32_t>>& list) {
  Segments segments;
  std::int64_t row = 0;
  for (const auto& [rows, parent] : list) {
    AttentionSegment segment{.first_row = row, .rows = rows, .parent = parent};
    if (parent >= 0) {
      const AttentionSegment& before = segments[static_cast<std::size_t>(parent)];
      segment.position = before.position + before.rows;
    }
    segments.push_back(segment);
    row += rows;
  }
  return segments;
}

const std::vector<Segments>& trees() {
  static const std::vector<Segments> all{
      make_segments({{37, -1}, {21, 0}, {80, 0}}),                                  // two children share a prefix
      make_segments({{64, -1}, {3, 0}, {70, 1}}),                                   // a chain
      make_segments({{1, -1}, {66, -1}, {5, 0}, {9, 1}, {2, 2}, {65, 1}, {7, 0}}),  // two trees, interleaved
  };
  return all;
}

// The rows of a segment's sequence in order, its own last.
std::vector<std::int64_t> sequence_of(const Segments& segments, std::size_t index) {
  std::vector<std::int64_t> rows;
  if (segments[index].parent >= 0) rows = sequence_of(segments, static_cast<std::size_t>(segments[index].parent));
  for (std::int64_t i = 0; i < segments[index].rows; ++i) rows.push_back(segments[index].first_row + i);
  return rows;
}

// ---- the slow, obvious version ----

// Values with bounds of how much rounding can move them: the sums of the terms' magnitudes.
struct Values {
  explicit Values(std::int64_t rows, std::int64_t columns)
      : cols(columns), value(static_cast<std::size_t>(rows * columns)), magnitude(value.size()) {}
  void add(std::int64_t i, std::int64_t j, double term, double size) {
    value[static_cast<std::size_t>(i * cols + j)] += term;
    magnitude[static_cast<std::size_t>(i * cols + j)] += size;
  }
  double at(std::int64_t i, std::int64_t j) const { return value[static_cast<std::size_t>(i * cols + j)]; }

  std::int64_t cols;
  std::vector<double> value, magnitude;
};

struct Reference {
  Values out, log_sums, dqkv;
};

Reference reference(const Buffer& qkv, const Shape& shape, const Segments& segments, const Buffer& dout) {
  const std::int64_t heads = shape.heads, dims = shape.head_dim;
  const double scale = 1 / std::sqrt(static_cast<double>(dims));
  Reference result{Values(qkv.rows(), heads * dims), Values(qkv.rows(), heads), Values(qkv.rows(), qkv.cols())};
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const std::vector<std::int64_t> sequence = sequence_of(segments, s);
    for (std::size_t n = sequence.size() - static_cast<std::size_t>(segments[s].rows); n < sequence.size(); ++n) {
      const std::int64_t i = sequence[n];
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t q = shape.q(h), k = shape.k(h / shape.group()), v = shape.v(h / shape.group());
        std::vector<double> score(n + 1), p(n + 1), dp(n + 1), dp_size(n + 1);
        double score_size = 1, largest = -INFINITY, sum = 0;
        for (std::size_t m = 0; m <= n; ++m) {
          double size = 0;
          for (std::int64_t d = 0; d < dims; ++d) {
            const double term = scale * qkv.at(i, q + d) * qkv.at(sequence[m], k + d);
            score[m] += term;
            size += std::fabs(term);
          }
          score_size = std::max(score_size, size);
          largest = std::max(largest, score[m]);
        }
        for (std::size_t m = 0; m <= n; ++m) sum += p[m] = std::exp(score[m] - largest);
        result.log_sums.add(i, h, largest + std::log(sum), score_size);
        double total = 0, total_size = 0;
        for (std::size_t m = 0; m <= n; ++m) {
          p[m] /= sum;
          for (std::int64_t d = 0; d < dims; ++d) {
            const double value = qkv.at(sequence[m], v + d), gradient = dout.at(i, h * dims + d);
            result.out.add(i, h * dims + d, p[m] * value, p[m] * std::fabs(value) * score_size);
            result.dqkv.add(sequence[m], v + d, p[m] * gradient, p[m] * std::fabs(gradient) * score_size);
            dp[m] += value * gradient;
            dp_size[m] += std::fabs(value * gradient);
          }
          total += p[m] * dp[m];
          total_size += p[m] * dp_size[m];
        }
        for (std::size_t m = 0; m <= n; ++m) {
          const double ds = p[m] * (dp[m] - total) * scale;
          const double size = p[m] * (dp_size[m] + total_size) * scale * score_size;
          for (std::int64_t d = 0; d < dims; ++d) {
            const double key = qkv.at(sequence[m], k + d), query = qkv.at(i, q + d);
            result.dqkv.add(i, q + d, ds * key, size * std::fabs(key));
            result.dqkv.add(sequence[m], k + d, ds * query, size * std::fabs(query));
          }
        }
      }
    }
  }
  return result;
}

// Each term carries some roundings (of its score, its exponential, the sums), each of about half an epsilon.
void expect_near(const Buffer& got, const Values& expected, const std::string& what) {
  EXPECT_TRUE(got.gaps_untouched());
  for (std::int64_t i = 0; i < got.rows(); ++i)
    for (std::int64_t j = 0; j < got.cols(); ++j) {
      const double value = expected.at(i, j);
      const double size = expected.magnitude[static_cast<std::size_t>(i * expected.cols + j)];
      const double tolerance = 8 * kEps32 * size + 0.51 * epsilon(got.element()) * std::fabs(value) + 1e-30;
      ASSERT_NEAR(got.at(i, j), value, tolerance) << what << " row " << i << " column " << j;
    }
}

// ---- runs ----

struct Results {
  Buffer out, log_sums, dqkv;
};

Results run(Buffer& qkv, const Shape& shape, const Segments& segments, Buffer& dout) {
  Results result{Buffer(qkv.rows(), shape.heads * shape.head_dim, qkv.element()),
                 Buffer(qkv.rows(), shape.heads, Element::kFp32), Buffer(qkv.rows(), qkv.cols(), qkv.element())};
  std::vector<float> log_sums(static_cast<std::size_t>(qkv.rows() * shape.heads));
  attention(shape.parts(qkv.matrix()), segments, result.out, log_sums.data());
  for (std::int64_t i = 0; i < qkv.rows(); ++i)
    for (std::int64_t h = 0; h < shape.heads; ++h)
      result.log_sums.set(i, h, log_sums[static_cast<std::size_t>(i * shape.heads + h)]);
  attention_backward(shape.parts(qkv.matrix()), segments, log_sums.data(), dout, shape.parts(result.dqkv.matrix()));
  return result;
}

struct Problem {
  Problem(Shape problem_shape, Segments list, Element element, unsigned seed = 1)
      : shape(problem_shape),
        segments(std::move(list)),
        qkv(rows_of(segments), shape.columns(), element),
        dout(qkv.rows(), shape.heads * shape.head_dim, element) {
    qkv.fill_normal(seed);
    dout.fill_normal(seed + 1);
  }
  Results run() { return aacft::run(qkv, shape, segments, dout); }
  Reference reference() const { return aacft::reference(qkv, shape, segments, dout); }

  Shape shape;
  Segments segments;
  Buffer qkv, dout;
};

class Attention : public OnEveryIsa {};
AACFT_ON_EVERY_ISA(Attention);

void expect_reference(Problem& problem) {
  const Reference expected = problem.reference();
  const Results got = problem.run();
  expect_near(got.out, expected.out, "out");
  expect_near(got.log_sums, expected.log_sums, "log_sums");
  expect_near(got.dqkv, expected.dqkv, "dqkv");
}

TEST_P(Attention, MeetsTheReference) {
  for (const std::int64_t head_dim : {1, 5, 10, 16, 64, 80, 96, 128})
    for (const Element element : kElements) {
      SCOPED_TRACE(head_dim);
      Problem ragged({.heads = 2, .head_dim = head_dim},
                     make_segments({{1, -1}, {70, -1}, {7, -1}, {13, -1}, {130, -1}}), element);
      expect_reference(ragged);
      if (HasFatalFailure()) return;
    }
}

TEST_P(Attention, SharedKeysMeetTheReference) {
  const Segments ragged = make_segments({{1, -1}, {70, -1}, {13, -1}}),
                 tree = make_segments({{37, -1}, {9, 0}, {66, 0}});
  for (const std::int64_t head_dim : {27, 64, 80, 128})
    for (const auto& [heads, kv_heads] : {std::pair{3, 1}, {4, 2}, {1, 1}})
      for (const Element element : kElements)
        for (const Segments& segments : {ragged, tree}) {
          SCOPED_TRACE(std::to_string(head_dim) + ": " + std::to_string(heads) + " of " + std::to_string(kv_heads));
          Problem problem({.heads = heads, .head_dim = head_dim, .kv_heads = kv_heads}, segments, element);
          expect_reference(problem);
          if (HasFatalFailure()) return;
        }
}

// As if each head of queries had a copy of its keys and values: the same bits, and the sum of the copies' gradients.
TEST_P(Attention, SharedKeysAreCopies) {
  for (const Element element : kElements) {
    Problem shared({.heads = 6, .head_dim = 80, .kv_heads = 2}, trees().back(), element);
    Problem copies({.heads = 6, .head_dim = 80}, shared.segments, element);
    const Shape &s = shared.shape, &c = copies.shape;
    copies.dout = shared.dout;
    for (std::int64_t i = 0; i < shared.qkv.rows(); ++i)
      for (std::int64_t h = 0; h < s.heads; ++h)
        for (std::int64_t d = 0; d < s.head_dim; ++d) {
          copies.qkv.set(i, c.q(h) + d, shared.qkv.at(i, s.q(h) + d));
          copies.qkv.set(i, c.k(h) + d, shared.qkv.at(i, s.k(h / s.group()) + d));
          copies.qkv.set(i, c.v(h) + d, shared.qkv.at(i, s.v(h / s.group()) + d));
        }
    const Results got = shared.run(), expected = copies.run();
    EXPECT_EQ(got.out, expected.out);
    EXPECT_EQ(got.log_sums, expected.log_sums);
    for (std::int64_t i = 0; i < shared.qkv.rows(); ++i)
      for (std::int64_t kv = 0; kv < s.kv_heads; ++kv)
        for (std::int64_t d = 0; d < s.head_dim; ++d) {
          double dk = 0, dv = 0, dk_size = 0, dv_size = 0;
          for (std::int64_t h = kv * s.group(); h < (kv + 1) * s.group(); ++h) {
            ASSERT_EQ(got.dqkv.at(i, s.q(h) + d), expected.dqkv.at(i, c.q(h) + d));
            dk += expected.dqkv.at(i, c.k(h) + d), dk_size += std::fabs(expected.dqkv.at(i, c.k(h) + d));
            dv += expected.dqkv.at(i, c.v(h) + d), dv_size += std::fabs(expected.dqkv.at(i, c.v(h) + d));
          }
          ASSERT_NEAR(got.dqkv.at(i, s.k(kv) + d), dk, epsilon(element) * dk_size + 2e-5) << i;
          ASSERT_NEAR(got.dqkv.at(i, s.v(kv) + d), dv, epsilon(element) * dv_size + 2e-5) << i;
        }
  }
}

TEST_P(Attention, EveryLength) {
  for (std::int64_t rows = 1; rows <= 68; ++rows) {
    SCOPED_TRACE(rows);
    Problem problem({.heads = 1, .head_dim = 10}, make_segments({{rows, -1}}), Element::kFp32);
    expect_reference(problem);
    if (HasFatalFailure()) return;
  }
}

TEST_P(Attention, TreesMeetTheReference) {
  for (const Segments& segments : trees())
    for (const Element element : kElements) {
      Problem problem({.heads = 3, .head_dim = 16}, segments, element);
      expect_reference(problem);
      if (HasFatalFailure()) return;
    }
}

// The plain sequences of a tree, computed apart: the same outputs, and the sum of their gradients.
TEST_P(Attention, TreesMeetTheirPlainSequences) {
  for (const Segments& segments : trees()) {
    Problem tree({.heads = 2, .head_dim = 80}, segments, Element::kFp32);
    const Results got = tree.run();
    Values dqkv(tree.qkv.rows(), tree.qkv.cols());
    for (std::size_t s = 0; s < segments.size(); ++s) {
      const std::vector<std::int64_t> rows = sequence_of(segments, s);
      const auto past = static_cast<std::int64_t>(rows.size()) - segments[s].rows;
      Problem plain(tree.shape, make_segments({{static_cast<std::int64_t>(rows.size()), -1}}), Element::kFp32);
      for (std::int64_t i = 0; i < plain.qkv.rows(); ++i) {
        const std::int64_t row = rows[static_cast<std::size_t>(i)];
        for (std::int64_t j = 0; j < plain.qkv.cols(); ++j) plain.qkv.set(i, j, tree.qkv.at(row, j));
        // The prefix has its gradient once, from the segment that it is.
        for (std::int64_t j = 0; j < plain.dout.cols(); ++j) plain.dout.set(i, j, i < past ? 0 : tree.dout.at(row, j));
      }
      const Results expected = plain.run();
      for (std::int64_t i = 0; i < plain.qkv.rows(); ++i) {
        const std::int64_t row = rows[static_cast<std::size_t>(i)];
        for (std::int64_t j = 0; j < plain.qkv.cols(); ++j) dqkv.add(row, j, expected.dqkv.at(i, j), 0);
        if (i < past) continue;
        for (std::int64_t j = 0; j < plain.dout.cols(); ++j)
          ASSERT_NEAR(got.out.at(row, j), expected.out.at(i, j), 3e-6) << row << " " << j;
      }
    }
    for (std::int64_t i = 0; i < tree.qkv.rows(); ++i)
      for (std::int64_t j = 0; j < dqkv.cols; ++j) ASSERT_NEAR(got.dqkv.at(i, j), dqkv.at(i, j), 2e-5) << i << " " << j;
  }
}

// Ancestors that end with a block change nothing at all.
TEST_P(Attention, PrefixOfWholeBlocksIsBitEqual) {
  Problem whole({.heads = 2, .head_dim = 10}, make_segments({{150, -1}}), Element::kFp32);
  Problem split({.heads = 2, .head_dim = 10}, make_segments({{64, -1}, {64, 0}, {22, 1}}), Element::kFp32);
  EXPECT_EQ(whole.run().out, split.run().out);
  EXPECT_EQ(whole.run().dqkv, split.run().dqkv);
}

TEST_P(Attention, GradientIsTheSlope) {
  Problem problem({.heads = 2, .head_dim = 5}, make_segments({{4, -1}, {5, 0}, {3, 0}}), Element::kFp32);
  const Results got = problem.run();
  // In double: the reference's out, of which out * dout is the function to differentiate.
  const auto loss = [&] {
    const Reference values = problem.reference();
    double sum = 0;
    for (std::int64_t i = 0; i < problem.dout.rows(); ++i)
      for (std::int64_t j = 0; j < problem.dout.cols(); ++j) sum += values.out.at(i, j) * problem.dout.at(i, j);
    return sum;
  };
  for (std::int64_t i = 0; i < problem.qkv.rows(); ++i)
    for (std::int64_t j = 0; j < problem.qkv.cols(); ++j) {
      const float x = problem.qkv.at(i, j), above = x + 1e-3f, below = x - 1e-3f;
      problem.qkv.set(i, j, above);
      const double loss_above = loss();
      problem.qkv.set(i, j, below);
      const double loss_below = loss();
      problem.qkv.set(i, j, x);
      const double slope = (loss_above - loss_below) / (static_cast<double>(above) - below);
      ASSERT_NEAR(got.dqkv.at(i, j), slope, 1e-5) << i << " " << j;
    }
}

// Keys and values of all rows, as a cache of a greater capacity holds them.
struct Cache {
  Cache(Buffer& qkv, const Shape& shape) : capacity(qkv.rows() + 5) {
    const std::size_t head_size = static_cast<std::size_t>(shape.head_dim) * element_size(qkv.element());
    const QkvOf<Matrix> parts = shape.parts(qkv.matrix());
    for (const auto& [heads, bytes] : {std::pair{&parts.k, &keys}, {&parts.v, &values}}) {
      bytes->resize(static_cast<std::size_t>(heads->count * capacity) * head_size, std::byte{0x7f});
      for (std::int64_t h = 0; h < heads->count; ++h)
        for (std::int64_t i = 0; i < qkv.rows(); ++i)
          std::memcpy(bytes->data() + static_cast<std::size_t>(h * capacity + i) * head_size, (*heads)[h].row(i),
                      head_size);
    }
  }

  std::int64_t capacity;
  std::vector<std::byte> keys, values;
};

// A row is what it is, however its sequence is cut, whatever stands behind it or beside it.
TEST_P(Attention, CacheIsBitEqual) {
  constexpr std::int64_t kRows = 140;
  for (const Shape& shape : {Shape{2, 10}, Shape{2, 80}, Shape{6, 16, 2}})
    for (const Element element : kElements) {
      SCOPED_TRACE(shape.head_dim);
      Problem whole(shape, make_segments({{kRows, -1}}), element);
      const Cache cache(whole.qkv, whole.shape);
      const Results expected = whole.run();
      for (const std::int64_t step : {1, 2, 7, 50, 64, 139}) {
        for (std::int64_t first = 0; first < kRows; first += step) {
          const std::int64_t rows = std::min(step, kRows - first);
          // Beside a copy of itself that runs a row further, where there is one.
          const std::int64_t more = std::min(rows + 1, kRows - first);
          Buffer qkv(rows + more, whole.qkv.cols(), element), out(rows + more, whole.dout.cols(), element);
          for (std::int64_t i = 0; i < rows + more; ++i)
            for (std::int64_t j = 0; j < qkv.cols(); ++j) qkv.set(i, j, whole.qkv.at(first + i % rows, j));
          if (more > rows)
            for (std::int64_t j = 0; j < qkv.cols(); ++j) qkv.set(2 * rows, j, whole.qkv.at(first + rows, j));
          const AttentionSegment segment{.rows = rows,
                                         .position = first,
                                         .cached_keys = cache.keys.data(),
                                         .cached_values = cache.values.data(),
                                         .cache_capacity = cache.capacity};
          AttentionSegment other = segment;
          other.first_row = rows;
          other.rows = more;
          attention(whole.shape.parts(qkv.matrix()), Segments{segment, other}, out, nullptr);
          for (std::int64_t i = 0; i < rows; ++i)
            ASSERT_TRUE(same_row(out, i, expected.out, first + i)) << "step " << step << " row " << first + i;
          for (std::int64_t i = 0; i < more; ++i)
            ASSERT_TRUE(same_row(out, rows + i, expected.out, first + i)) << "step " << step << " row " << first + i;
        }
      }
    }
}

TEST_P(Attention, LaterRowsAndOtherSequencesDoNotMatter) {
  for (const Element element : kElements) {
    Problem whole({.heads = 2, .head_dim = 80}, make_segments({{100, -1}, {33, -1}}), element);
    const Results expected = whole.run();
    for (std::int64_t rows = 1; rows < 100; ++rows) {
      Problem part(whole.shape, make_segments({{rows, -1}}), element, 7);
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < part.qkv.cols(); ++j) part.qkv.set(i, j, whole.qkv.at(i, j));
      const Results got = part.run();
      for (std::int64_t i = 0; i < rows; ++i) {
        ASSERT_TRUE(same_row(got.out, i, expected.out, i)) << rows << " rows, row " << i;
        ASSERT_TRUE(same_row(got.log_sums, i, expected.log_sums, i)) << rows << " rows, row " << i;
      }
    }
    // Not even where they are not numbers.
    for (std::int64_t i = 50; i < 133; ++i)
      for (std::int64_t j = 0; j < whole.qkv.cols(); ++j) whole.qkv.set(i, j, NAN);
    const Results got = whole.run();
    for (std::int64_t i = 0; i < 50; ++i) ASSERT_TRUE(same_row(got.out, i, expected.out, i)) << i;
  }
}

TEST_P(Attention, GradientsOfOtherTreesDoNotMatter) {
  // The second tree alone, and between the segments of another.
  const Segments alone = make_segments({{66, -1}, {9, 0}, {65, 0}});
  Segments among = alone;
  for (AttentionSegment& segment : among)
    if (segment.parent >= 0) segment.parent = 1;
  among.insert(among.begin(), {.first_row = 140, .rows = 3});
  among.insert(among.begin() + 2, {.first_row = 143, .rows = 8, .position = 3, .parent = 0});
  Problem one({.heads = 2, .head_dim = 16}, alone, Element::kFp32), both(one.shape, among, Element::kFp32);
  for (std::int64_t i = 0; i < one.qkv.rows(); ++i) {
    for (std::int64_t j = 0; j < one.qkv.cols(); ++j) one.qkv.set(i, j, both.qkv.at(i, j));
    for (std::int64_t j = 0; j < one.dout.cols(); ++j) one.dout.set(i, j, both.dout.at(i, j));
  }
  const Results got = one.run(), expected = both.run();
  for (std::int64_t i = 0; i < one.qkv.rows(); ++i) ASSERT_TRUE(same_row(got.dqkv, i, expected.dqkv, i)) << i;
}

TEST_P(Attention, ThreadsDoNotMatter) {
  for (const Shape& shape : {Shape{3, 16}, Shape{6, 16, 2}}) {
    Problem problem(shape, trees().back(), Element::kBf16);
    set_threads(1);
    const Results expected = problem.run();
    for (int count = 2; count <= 4; ++count) {
      set_threads(count);
      const Results got = problem.run();
      EXPECT_EQ(got.out, expected.out);
      EXPECT_EQ(got.log_sums, expected.log_sums);
      EXPECT_EQ(got.dqkv, expected.dqkv);
    }
  }
}

TEST_P(Attention, LargeScores) {
  Problem problem({.heads = 1, .head_dim = 16}, make_segments({{100, -1}}), Element::kFp32);
  problem.qkv.fill_normal(3, 0, 100);  // scores of about 1e4 * sqrt(16) / 4
  const Results got = problem.run();
  for (std::int64_t i = 0; i < 100; ++i) {
    for (std::int64_t j = 0; j < 16; ++j) EXPECT_TRUE(std::isfinite(got.out.at(i, j)));
    for (std::int64_t j = 0; j < 48; ++j) EXPECT_TRUE(std::isfinite(got.dqkv.at(i, j)));
  }
  expect_near(got.out, problem.reference().out, "out");
}

TEST_P(Attention, LongSequence) {
  Problem problem({.heads = 1, .head_dim = 80}, make_segments({{600, -1}}), Element::kFp32);
  expect_reference(problem);
}

// ---- rotary positions ----

class RotaryPositions : public OnEveryIsa {
 protected:
  static constexpr std::int64_t kPositions = 50;

  void prepare(std::int64_t dims) {
    cos_.clear();
    sin_.clear();
    for (std::int64_t i = 0; i < kPositions; ++i)
      for (std::int64_t d = 0; d < dims / 2; ++d) {
        const double speed = std::pow(10000.0, -2.0 * static_cast<double>(d) / static_cast<double>(dims));
        const double angle = static_cast<double>(i) * speed;
        cos_.push_back(static_cast<float>(std::cos(angle)));
        sin_.push_back(static_cast<float>(std::sin(angle)));
      }
  }
  std::vector<float> cos_, sin_;
  std::vector<std::int64_t> positions_{3, 0, 49, 7, 7};
};

AACFT_ON_EVERY_ISA(RotaryPositions);

TEST_P(RotaryPositions, TurnsQueriesAndKeys) {
  for (const auto& [head_dim, dims] : {std::pair{80, 80}, {80, 20}, {10, 2}, {5, 4}, {16, 0}, {128, 64}})
    for (const std::int64_t kv_heads : {0, 2})
      for (const Element element : kElements) {
        SCOPED_TRACE(std::to_string(head_dim) + " " + std::to_string(dims));
        const Shape shape{.heads = 4, .head_dim = head_dim, .kv_heads = kv_heads};
        prepare(dims);
        Buffer qkv(5, shape.columns(), element);
        qkv.fill_normal(5);
        const Buffer before = qkv;
        const Rotary rotary{dims, cos_.data(), sin_.data(), positions_.data()};
        rotate(shape.parts(qkv.matrix()), rotary, false);
        EXPECT_TRUE(qkv.gaps_untouched());
        const std::int64_t half = dims / 2;
        const auto expect_turned = [&](std::int64_t i, std::int64_t first) {
          for (std::int64_t d = 0; d < dims; ++d) {
            const double x = before.at(i, first + d);
            const auto at = static_cast<std::size_t>(positions_[static_cast<std::size_t>(i)] * half + d % half);
            const double partner = d < half ? -before.at(i, first + d + half) : before.at(i, first + d - half);
            const double expected = x * cos_[at] + partner * sin_[at];
            ASSERT_NEAR(qkv.at(i, first + d), expected, epsilon(element) * (std::fabs(x) + std::fabs(partner)));
          }
          for (std::int64_t d = dims; d < head_dim; ++d) ASSERT_EQ(qkv.at(i, first + d), before.at(i, first + d));
        };
        for (std::int64_t i = 0; i < 5; ++i) {
          for (std::int64_t h = 0; h < shape.heads; ++h) expect_turned(i, shape.q(h));
          for (std::int64_t h = 0; h < shape.heads / shape.group(); ++h) {
            expect_turned(i, shape.k(h));
            for (std::int64_t d = 0; d < head_dim; ++d)
              ASSERT_EQ(qkv.at(i, shape.v(h) + d), before.at(i, shape.v(h) + d));
          }
        }
        rotate(shape.parts(qkv.matrix()), rotary, true);
        for (std::int64_t i = 0; i < 5; ++i)
          for (std::int64_t j = 0; j < qkv.cols(); ++j)
            ASSERT_NEAR(qkv.at(i, j), before.at(i, j), 8 * epsilon(element));
      }
}

}  // namespace
}  // namespace aacft
