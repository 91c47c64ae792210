#include "aacft/kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "aacft/base/threads.h"
#include "aacft/kernels/isa.h"

namespace aacft {
namespace {

constexpr double kEps32 = 0x1p-23, kEpsBf16 = 0x1p-7;

double epsilon(Element element) { return element == Element::kFp32 ? kEps32 : kEpsBf16; }

// A matrix that owns its values; a row is followed by some that nobody may touch.
class Buffer {
 public:
  Buffer(std::int64_t rows, std::int64_t cols, Element element)
      : matrix_{nullptr, element, rows, cols, cols + 3},
        bytes_(static_cast<std::size_t>(rows * matrix_.stride) * element_size(element), std::byte{0x7f}) {}

  Matrix view() {
    Matrix m = matrix_;
    m.data = bytes_.data();
    return m;
  }
  std::int64_t rows() const { return matrix_.rows; }
  std::int64_t cols() const { return matrix_.cols; }
  Element element() const { return matrix_.element; }
  const std::vector<std::byte>& bytes() const { return bytes_; }

  float get(std::int64_t i, std::int64_t j) const {
    if (element() == Element::kFp32) {
      float x;
      std::memcpy(&x, at(i, j), 4);
      return x;
    }
    std::uint32_t bits = 0;
    std::memcpy(reinterpret_cast<std::byte*>(&bits) + 2, at(i, j), 2);
    float x;
    std::memcpy(&x, &bits, 4);
    return x;
  }
  // Bf16 by cutting: what matters is that get() gives the same again.
  void set(std::int64_t i, std::int64_t j, float x) {
    std::byte* to = const_cast<std::byte*>(at(i, j));
    if (element() == Element::kFp32) {
      std::memcpy(to, &x, 4);
    } else {
      std::memcpy(to, reinterpret_cast<const std::byte*>(&x) + 2, 2);
    }
  }
  bool untouched_beside() const {
    const std::size_t size = element_size(element());
    for (std::size_t at = 0; at < bytes_.size(); ++at)
      if (at % (static_cast<std::size_t>(matrix_.stride) * size) >= static_cast<std::size_t>(cols()) * size &&
          bytes_[at] != std::byte{0x7f})
        return false;
    return true;
  }
  void randomize(unsigned seed, float deviation = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, deviation);
    for (std::int64_t i = 0; i < rows(); ++i)
      for (std::int64_t j = 0; j < cols(); ++j) set(i, j, normal(random));
  }

 private:
  const std::byte* at(std::int64_t i, std::int64_t j) const {
    return bytes_.data() + static_cast<std::size_t>(i * matrix_.stride + j) * element_size(element());
  }

  Matrix matrix_;
  std::vector<std::byte> bytes_;
};

// Bit for bit.
bool same_row(const Buffer& a, std::int64_t row_a, const Buffer& b, std::int64_t row_b) {
  for (std::int64_t j = 0; j < a.cols(); ++j) {
    const float x = a.get(row_a, j), y = b.get(row_b, j);
    if (std::memcmp(&x, &y, 4) != 0) return false;
  }
  return true;
}

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
  double get(std::int64_t i, std::int64_t j) const { return value[static_cast<std::size_t>(i * cols + j)]; }

  std::int64_t cols;
  std::vector<double> value, magnitude;
};

struct Reference {
  Values out, log_sums, dqkv;
};

Reference reference(const Buffer& qkv, const AttentionShape& shape, const Segments& segments, const Buffer& dout) {
  const std::int64_t heads = shape.heads, dims = shape.head_dim;
  const double scale = 1 / std::sqrt(static_cast<double>(dims));
  Reference result{Values(qkv.rows(), heads * dims), Values(qkv.rows(), heads), Values(qkv.rows(), qkv.cols())};
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const std::vector<std::int64_t> sequence = sequence_of(segments, s);
    for (std::size_t n = sequence.size() - static_cast<std::size_t>(segments[s].rows); n < sequence.size(); ++n) {
      const std::int64_t i = sequence[n];
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t q = 3 * h * dims, k = q + dims, v = k + dims;
        std::vector<double> score(n + 1), p(n + 1), dp(n + 1), dp_size(n + 1);
        double score_size = 1, largest = -INFINITY, sum = 0;
        for (std::size_t m = 0; m <= n; ++m) {
          double size = 0;
          for (std::int64_t d = 0; d < dims; ++d) {
            const double term = scale * qkv.get(i, q + d) * qkv.get(sequence[m], k + d);
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
            const double value = qkv.get(sequence[m], v + d), gradient = dout.get(i, h * dims + d);
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
            const double key = qkv.get(sequence[m], k + d), query = qkv.get(i, q + d);
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
  EXPECT_TRUE(got.untouched_beside());
  for (std::int64_t i = 0; i < got.rows(); ++i)
    for (std::int64_t j = 0; j < got.cols(); ++j) {
      const double value = expected.get(i, j);
      const double size = expected.magnitude[static_cast<std::size_t>(i * expected.cols + j)];
      const double tolerance = 8 * kEps32 * size + 0.51 * epsilon(got.element()) * std::fabs(value) + 1e-30;
      ASSERT_NEAR(got.get(i, j), value, tolerance) << what << " row " << i << " column " << j;
    }
}

// ---- runs ----

struct Results {
  Buffer out, log_sums, dqkv;
};

Results run(Buffer& qkv, const AttentionShape& shape, const Segments& segments, Buffer& dout) {
  Results result{Buffer(qkv.rows(), shape.heads * shape.head_dim, qkv.element()),
                 Buffer(qkv.rows(), shape.heads, Element::kFp32), Buffer(qkv.rows(), qkv.cols(), qkv.element())};
  std::vector<float> log_sums(static_cast<std::size_t>(qkv.rows() * shape.heads));
  attention(qkv.view(), shape, segments, result.out.view(), log_sums.data());
  for (std::int64_t i = 0; i < qkv.rows(); ++i)
    for (std::int64_t h = 0; h < shape.heads; ++h)
      result.log_sums.set(i, h, log_sums[static_cast<std::size_t>(i * shape.heads + h)]);
  attention_backward(qkv.view(), shape, segments, log_sums.data(), dout.view(), result.dqkv.view());
  return result;
}

struct Problem {
  Problem(AttentionShape problem_shape, Segments list, Element element, unsigned seed = 1)
      : shape(problem_shape),
        segments(std::move(list)),
        qkv(rows_of(segments), 3 * shape.heads * shape.head_dim, element),
        dout(qkv.rows(), shape.heads * shape.head_dim, element) {
    qkv.randomize(seed);
    dout.randomize(seed + 1);
  }
  Results run() { return aacft::run(qkv, shape, segments, dout); }
  Reference reference() const { return aacft::reference(qkv, shape, segments, dout); }

  AttentionShape shape;
  Segments segments;
  Buffer qkv, dout;
};

// Runs each test's body with each instruction set of this machine.
class Attention : public ::testing::Test {
 protected:
  ~Attention() override {
    set_isa(before_);
    set_threads(threads_before_);
  }
  template <typename Body>
  void for_each_isa(const Body& body) {
    for (const Isa isa : available_isas()) {
      SCOPED_TRACE(std::string(isa_name(isa)));
      set_isa(isa);
      body();
      if (HasFatalFailure()) return;
    }
  }

 private:
  Isa before_ = isa();
  int threads_before_ = threads();
};

constexpr Element kElements[] = {Element::kFp32, Element::kBf16};

void expect_reference(Problem& problem) {
  const Reference expected = problem.reference();
  const Results got = problem.run();
  expect_near(got.out, expected.out, "out");
  expect_near(got.log_sums, expected.log_sums, "log_sums");
  expect_near(got.dqkv, expected.dqkv, "dqkv");
}

TEST_F(Attention, MeetsTheReference) {
  for_each_isa([&] {
    for (const std::int64_t head_dim : {1, 5, 10, 16, 64, 80, 96, 128})
      for (const Element element : kElements) {
        SCOPED_TRACE(head_dim);
        Problem ragged({.heads = 2, .head_dim = head_dim},
                       make_segments({{1, -1}, {70, -1}, {7, -1}, {13, -1}, {130, -1}}), element);
        expect_reference(ragged);
        if (HasFatalFailure()) return;
      }
  });
}

TEST_F(Attention, EveryLength) {
  for_each_isa([&] {
    for (std::int64_t rows = 1; rows <= 68; ++rows) {
      SCOPED_TRACE(rows);
      Problem problem({.heads = 1, .head_dim = 10}, make_segments({{rows, -1}}), Element::kFp32);
      expect_reference(problem);
      if (HasFatalFailure()) return;
    }
  });
}

const std::vector<Segments>& trees() {
  static const std::vector<Segments> all{
      make_segments({{37, -1}, {21, 0}, {80, 0}}),                                  // two children share a prefix
      make_segments({{64, -1}, {3, 0}, {70, 1}}),                                   // a chain
      make_segments({{1, -1}, {66, -1}, {5, 0}, {9, 1}, {2, 2}, {65, 1}, {7, 0}}),  // two trees, interleaved
  };
  return all;
}

TEST_F(Attention, TreesMeetTheReference) {
  for_each_isa([&] {
    for (const Segments& segments : trees())
      for (const Element element : kElements) {
        Problem problem({.heads = 3, .head_dim = 16}, segments, element);
        expect_reference(problem);
        if (HasFatalFailure()) return;
      }
  });
}

// The plain sequences of a tree, computed apart: the same outputs, and the sum of their gradients.
TEST_F(Attention, TreesMeetTheirPlainSequences) {
  for_each_isa([&] {
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
          for (std::int64_t j = 0; j < plain.qkv.cols(); ++j) plain.qkv.set(i, j, tree.qkv.get(row, j));
          // The prefix has its gradient once, from the segment that it is.
          for (std::int64_t j = 0; j < plain.dout.cols(); ++j)
            plain.dout.set(i, j, i < past ? 0 : tree.dout.get(row, j));
        }
        const Results expected = plain.run();
        for (std::int64_t i = 0; i < plain.qkv.rows(); ++i) {
          const std::int64_t row = rows[static_cast<std::size_t>(i)];
          for (std::int64_t j = 0; j < plain.qkv.cols(); ++j) dqkv.add(row, j, expected.dqkv.get(i, j), 0);
          if (i < past) continue;
          for (std::int64_t j = 0; j < plain.dout.cols(); ++j)
            ASSERT_NEAR(got.out.get(row, j), expected.out.get(i, j), 3e-6) << row << " " << j;
        }
      }
      for (std::int64_t i = 0; i < tree.qkv.rows(); ++i)
        for (std::int64_t j = 0; j < dqkv.cols; ++j)
          ASSERT_NEAR(got.dqkv.get(i, j), dqkv.get(i, j), 2e-5) << i << " " << j;
    }
  });
}

// Ancestors that end with a block change nothing at all.
TEST_F(Attention, PrefixOfWholeBlocksIsBitEqual) {
  for_each_isa([&] {
    Problem whole({.heads = 2, .head_dim = 10}, make_segments({{150, -1}}), Element::kFp32);
    Problem split({.heads = 2, .head_dim = 10}, make_segments({{64, -1}, {64, 0}, {22, 1}}), Element::kFp32);
    EXPECT_EQ(whole.run().out.bytes(), split.run().out.bytes());
    EXPECT_EQ(whole.run().dqkv.bytes(), split.run().dqkv.bytes());
  });
}

TEST_F(Attention, GradientIsTheSlope) {
  for_each_isa([&] {
    Problem problem({.heads = 2, .head_dim = 5}, make_segments({{4, -1}, {5, 0}, {3, 0}}), Element::kFp32);
    const Results got = problem.run();
    // In double: the reference's out, of which out * dout is the function to differentiate.
    const auto loss = [&] {
      const Reference values = problem.reference();
      double sum = 0;
      for (std::int64_t i = 0; i < problem.dout.rows(); ++i)
        for (std::int64_t j = 0; j < problem.dout.cols(); ++j) sum += values.out.get(i, j) * problem.dout.get(i, j);
      return sum;
    };
    for (std::int64_t i = 0; i < problem.qkv.rows(); ++i)
      for (std::int64_t j = 0; j < problem.qkv.cols(); ++j) {
        const float x = problem.qkv.get(i, j), above = x + 1e-3f, below = x - 1e-3f;
        problem.qkv.set(i, j, above);
        const double loss_above = loss();
        problem.qkv.set(i, j, below);
        const double loss_below = loss();
        problem.qkv.set(i, j, x);
        const double slope = (loss_above - loss_below) / (static_cast<double>(above) - below);
        ASSERT_NEAR(got.dqkv.get(i, j), slope, 1e-5) << i << " " << j;
      }
  });
}

// Keys and values of the first `length` rows, as a cache of that capacity and more holds them.
struct Cache {
  Cache(const Buffer& qkv, const AttentionShape& shape, std::int64_t first_row, std::int64_t length)
      : capacity(length + 5), keys(bytes(qkv, shape)), values(keys.size()) {
    const std::size_t size = element_size(qkv.element());
    Buffer key(shape.heads * capacity, shape.head_dim, qkv.element()), value = key;
    for (std::int64_t h = 0; h < shape.heads; ++h)
      for (std::int64_t i = 0; i < length; ++i)
        for (std::int64_t d = 0; d < shape.head_dim; ++d) {
          key.set(h * capacity + i, d, qkv.get(first_row + i, (3 * h + 1) * shape.head_dim + d));
          value.set(h * capacity + i, d, qkv.get(first_row + i, (3 * h + 2) * shape.head_dim + d));
        }
    const std::size_t row = static_cast<std::size_t>(shape.head_dim) * size;
    for (std::int64_t i = 0; i < shape.heads * capacity; ++i) {
      std::memcpy(keys.data() + static_cast<std::size_t>(i) * row, key.view().row(i), row);
      std::memcpy(values.data() + static_cast<std::size_t>(i) * row, value.view().row(i), row);
    }
  }
  std::size_t bytes(const Buffer& qkv, const AttentionShape& shape) const {
    return static_cast<std::size_t>(shape.heads * capacity * shape.head_dim) * element_size(qkv.element());
  }

  std::int64_t capacity;
  std::vector<std::byte> keys, values;
};

// A row is what it is, however its sequence is cut, whatever stands behind it or beside it.
TEST_F(Attention, CacheIsBitEqual) {
  constexpr std::int64_t kRows = 140;
  for_each_isa([&] {
    for (const std::int64_t head_dim : {10, 80})
      for (const Element element : kElements) {
        SCOPED_TRACE(head_dim);
        Problem whole({.heads = 2, .head_dim = head_dim}, make_segments({{kRows, -1}}), element);
        const Results expected = whole.run();
        for (const std::int64_t step : {1, 2, 7, 50, 64, 139}) {
          for (std::int64_t first = 0; first < kRows; first += step) {
            const std::int64_t rows = std::min(step, kRows - first);
            const Cache cache(whole.qkv, whole.shape, 0, kRows);
            // Beside a copy of itself that runs a row further, where there is one.
            const std::int64_t more = std::min(rows + 1, kRows - first);
            Buffer qkv(rows + more, whole.qkv.cols(), element), out(rows + more, whole.dout.cols(), element);
            for (std::int64_t i = 0; i < rows + more; ++i)
              for (std::int64_t j = 0; j < qkv.cols(); ++j) qkv.set(i, j, whole.qkv.get(first + i % rows, j));
            if (more > rows)
              for (std::int64_t j = 0; j < qkv.cols(); ++j) qkv.set(2 * rows, j, whole.qkv.get(first + rows, j));
            const AttentionSegment segment{.rows = rows,
                                           .position = first,
                                           .cached_keys = cache.keys.data(),
                                           .cached_values = cache.values.data(),
                                           .cache_capacity = cache.capacity};
            AttentionSegment other = segment;
            other.first_row = rows;
            other.rows = more;
            attention(qkv.view(), whole.shape, Segments{segment, other}, out.view(), nullptr);
            for (std::int64_t i = 0; i < rows; ++i)
              ASSERT_TRUE(same_row(out, i, expected.out, first + i)) << "step " << step << " row " << first + i;
            for (std::int64_t i = 0; i < more; ++i)
              ASSERT_TRUE(same_row(out, rows + i, expected.out, first + i)) << "step " << step << " row " << first + i;
          }
        }
      }
  });
}

TEST_F(Attention, LaterRowsAndOtherSequencesDoNotMatter) {
  for_each_isa([&] {
    for (const Element element : kElements) {
      Problem whole({.heads = 2, .head_dim = 80}, make_segments({{100, -1}, {33, -1}}), element);
      const Results expected = whole.run();
      for (std::int64_t rows = 1; rows < 100; ++rows) {
        Problem part(whole.shape, make_segments({{rows, -1}}), element, 7);
        for (std::int64_t i = 0; i < rows; ++i)
          for (std::int64_t j = 0; j < part.qkv.cols(); ++j) part.qkv.set(i, j, whole.qkv.get(i, j));
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
  });
}

TEST_F(Attention, GradientsOfOtherTreesDoNotMatter) {
  for_each_isa([&] {
    // The second tree alone, and between the segments of another.
    const Segments alone = make_segments({{66, -1}, {9, 0}, {65, 0}});
    Segments among = alone;
    for (AttentionSegment& segment : among)
      if (segment.parent >= 0) segment.parent = 1;
    among.insert(among.begin(), {.first_row = 140, .rows = 3});
    among.insert(among.begin() + 2, {.first_row = 143, .rows = 8, .position = 3, .parent = 0});
    Problem one({.heads = 2, .head_dim = 16}, alone, Element::kFp32), both(one.shape, among, Element::kFp32);
    for (std::int64_t i = 0; i < one.qkv.rows(); ++i) {
      for (std::int64_t j = 0; j < one.qkv.cols(); ++j) one.qkv.set(i, j, both.qkv.get(i, j));
      for (std::int64_t j = 0; j < one.dout.cols(); ++j) one.dout.set(i, j, both.dout.get(i, j));
    }
    const Results got = one.run(), expected = both.run();
    for (std::int64_t i = 0; i < one.qkv.rows(); ++i) ASSERT_TRUE(same_row(got.dqkv, i, expected.dqkv, i)) << i;
  });
}

TEST_F(Attention, ThreadsDoNotMatter) {
  for_each_isa([&] {
    Problem problem({.heads = 3, .head_dim = 16}, trees().back(), Element::kBf16);
    set_threads(1);
    const Results expected = problem.run();
    for (int count = 2; count <= 4; ++count) {
      set_threads(count);
      const Results got = problem.run();
      EXPECT_EQ(got.out.bytes(), expected.out.bytes());
      EXPECT_EQ(got.log_sums.bytes(), expected.log_sums.bytes());
      EXPECT_EQ(got.dqkv.bytes(), expected.dqkv.bytes());
    }
  });
}

TEST_F(Attention, LargeScores) {
  for_each_isa([&] {
    Problem problem({.heads = 1, .head_dim = 16}, make_segments({{100, -1}}), Element::kFp32);
    problem.qkv.randomize(3, 100);  // scores of about 1e4 * sqrt(16) / 4
    const Results got = problem.run();
    for (std::int64_t i = 0; i < 100; ++i) {
      for (std::int64_t j = 0; j < 16; ++j) EXPECT_TRUE(std::isfinite(got.out.get(i, j)));
      for (std::int64_t j = 0; j < 48; ++j) EXPECT_TRUE(std::isfinite(got.dqkv.get(i, j)));
    }
    expect_near(got.out, problem.reference().out, "out");
  });
}

TEST_F(Attention, LongSequence) {
  Problem problem({.heads = 1, .head_dim = 80}, make_segments({{600, -1}}), Element::kFp32);
  expect_reference(problem);
}

// ---- rotary positions ----

class Rotary : public Attention {
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

TEST_F(Rotary, TurnsQueriesAndKeys) {
  for_each_isa([&] {
    for (const auto& [head_dim, dims] : {std::pair{80, 80}, {80, 20}, {10, 2}, {5, 4}, {16, 0}, {128, 64}})
      for (const Element element : kElements) {
        SCOPED_TRACE(std::to_string(head_dim) + " " + std::to_string(dims));
        const AttentionShape shape{.heads = 2, .head_dim = head_dim, .rotary_dims = dims};
        prepare(dims);
        Buffer qkv(5, 3 * shape.heads * head_dim, element);
        qkv.randomize(5);
        const Buffer before = qkv;
        rotate(qkv.view(), shape, cos_.data(), sin_.data(), positions_.data(), false);
        const std::int64_t half = dims / 2;
        for (std::int64_t i = 0; i < 5; ++i)
          for (std::int64_t part = 0; part < 3 * shape.heads; ++part)
            for (std::int64_t d = 0; d < head_dim; ++d) {
              const std::int64_t column = part * head_dim + d;
              const double x = before.get(i, column);
              if (part % 3 == 2 || d >= dims) {
                ASSERT_EQ(qkv.get(i, column), x);
                continue;
              }
              const auto at = static_cast<std::size_t>(positions_[static_cast<std::size_t>(i)] * half + d % half);
              const double partner = d < half ? -before.get(i, column + half) : before.get(i, column - half);
              const double expected = x * cos_[at] + partner * sin_[at];
              ASSERT_NEAR(qkv.get(i, column), expected, epsilon(element) * (std::fabs(x) + std::fabs(partner)));
            }
        rotate(qkv.view(), shape, cos_.data(), sin_.data(), positions_.data(), true);
        for (std::int64_t i = 0; i < 5; ++i)
          for (std::int64_t j = 0; j < qkv.cols(); ++j)
            ASSERT_NEAR(qkv.get(i, j), before.get(i, j), 8 * epsilon(element));
      }
  });
}

}  // namespace
}  // namespace aacft
