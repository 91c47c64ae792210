#include "aacft/kernels/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "../../src/kernels/matmul_tier.h"
#include "aacft/base/memory.h"
#include "aacft/base/random.h"
#include "aacft/base/threads.h"
#include "aacft/kernels/isa.h"

namespace aacft {
namespace {

constexpr WeightType kTypes[] = {WeightType::kFp32, WeightType::kFp16, WeightType::kBf16, WeightType::kInt8,
                                 WeightType::kNf4};

float round_to_bf16(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
  std::memcpy(&x, &bits, 4);
  return x;
}

// Normal deviates that are bf16 numbers if asked to be.
std::vector<float> random_values(std::int64_t count, std::uint64_t seed, bool bf16 = false) {
  std::vector<float> values(static_cast<std::size_t>(count));
  const RandomStream stream(seed, Purpose::kModelInit);
  stream.fill_normal(values.data(), 0, values.size());
  if (bf16)
    for (float& value : values) value = round_to_bf16(value);
  return values;
}

// Rows of either element type with room between them, which nobody may touch.
class Rows {
 public:
  Rows(std::int64_t rows, std::int64_t cols, Element element)
      : matrix_{nullptr, element, rows, cols, cols + 3}, bytes_(size(), std::byte{0x5a}) {
    matrix_.data = bytes_.data();
  }
  Rows(std::int64_t rows, std::int64_t cols, Element element, const std::vector<float>& values)
      : Rows(rows, cols, element) {
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < cols; ++j) put(i, j, values[static_cast<std::size_t>(i * cols + j)]);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  const Matrix& matrix() const { return matrix_; }
  float get(std::int64_t i, std::int64_t j) const {
    const std::byte* row = matrix_.row(i);
    if (matrix_.element == Element::kFp32) return reinterpret_cast<const float*>(row)[j];
    const std::uint32_t bits = static_cast<std::uint32_t>(reinterpret_cast<const std::uint16_t*>(row)[j]) << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  bool untouched_between() const {
    for (std::int64_t i = 0; i < matrix_.rows; ++i)
      for (std::size_t b = static_cast<std::size_t>(matrix_.cols) * element_size(matrix_.element);
           b < static_cast<std::size_t>(matrix_.stride) * element_size(matrix_.element); ++b)
        if (matrix_.row(i)[b] != std::byte{0x5a}) return false;
    return true;
  }
  bool row_equals(std::int64_t i, const Rows& other, std::int64_t j) const {
    return std::memcmp(matrix_.row(i), other.matrix_.row(j),
                       static_cast<std::size_t>(matrix_.cols) * element_size(matrix_.element)) == 0;
  }

 private:
  std::size_t size() const {
    return static_cast<std::size_t>(matrix_.rows * matrix_.stride) * element_size(matrix_.element);
  }
  void put(std::int64_t i, std::int64_t j, float value) {
    if (matrix_.element == Element::kFp32) {
      reinterpret_cast<float*>(matrix_.row(i))[j] = value;
    } else {
      const float rounded = round_to_bf16(value);
      std::uint32_t bits;
      std::memcpy(&bits, &rounded, 4);
      reinterpret_cast<std::uint16_t*>(matrix_.row(i))[j] = static_cast<std::uint16_t>(bits >> 16);
    }
  }

  Matrix matrix_;
  std::vector<std::byte> bytes_;
};

struct Case {
  bool transposed;
  WeightType type;
  Compute compute;
  Element x, y;
  bool bias, add;
  const MatmulTier* tier = nullptr;  // of an emulated one; else isa() chooses
};

std::string describe(const Case& c, std::int64_t m, std::int64_t out, std::int64_t in) {
  return std::string(c.tier != nullptr ? "emulated" : isa_name(isa())) + (c.transposed ? " transposed " : " forward ") +
         std::string(weight_type_name(c.type)) + (c.compute == Compute::kFp32 ? " fp32" : " bf16") + " m " +
         std::to_string(m) + " out " + std::to_string(out) + " in " + std::to_string(in);
}

void multiply(const Case& c, const ConstMatrix& x, const PackedWeights& weights, const Matrix& y,
              const Epilogue& epilogue) {
  if (c.tier != nullptr) return multiply(*c.tier, c.transposed, x, weights, y, epilogue);
  (c.transposed ? matmul_transposed : matmul)(x, weights, y, c.compute, epilogue);
}

PackedWeights random_weights(std::int64_t out, std::int64_t in, WeightType type) {
  return PackedWeights::pack(random_values(out * in, 7).data(), WeightType::kFp32, out, in, type);
}

// Against sums in double. Rounding errors of a sum of products stay below (number of additions) * epsilon * the sum of
// the products' magnitudes.
void expect_product(const Case& c, const PackedWeights& weights, std::int64_t m) {
  const std::int64_t out = weights.out(), in = weights.in(), k = c.transposed ? out : in, n = c.transposed ? in : out;
  SCOPED_TRACE(describe(c, m, out, in));
  const std::vector<float> bias = random_values(n, 1), before = random_values(m * n, 2, c.y == Element::kBf16);
  const Rows x(m, k, c.x, random_values(m * k, 3)), y(m, n, c.y, before);
  std::vector<float> w(static_cast<std::size_t>(out * in));
  weights.unpack(0, out, w.data());
  if (c.compute == Compute::kBf16)
    for (float& value : w) value = round_to_bf16(value);

  multiply(c, x.matrix(), weights, y.matrix(), {c.bias ? bias.data() : nullptr, c.add});

  EXPECT_TRUE(y.untouched_between());
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0, magnitude = 0;
      for (std::int64_t p = 0; p < k; ++p) {
        const float a = c.compute == Compute::kBf16 ? round_to_bf16(x.get(i, p)) : x.get(i, p);
        const double product =
            static_cast<double>(a) * w[static_cast<std::size_t>(c.transposed ? p * in + j : j * in + p)];
        sum += product;
        magnitude += std::abs(product);
      }
      if (c.bias) sum += bias[static_cast<std::size_t>(j)];
      if (c.add) sum += before[static_cast<std::size_t>(i * n + j)];
      const double epsilon = 0x1p-24;
      double tolerance = static_cast<double>(k + 2) * epsilon * (magnitude + 2 * std::abs(sum) + 4);
      if (c.y == Element::kBf16) tolerance += 0x1p-8 * std::abs(sum);
      ASSERT_NEAR(y.get(i, j), sum, tolerance) << "at " << i << ", " << j;
    }
  }
}

// Buffers that threads keep must not be multiplied past what was written: not even by zero, where they hold infinity.
void expect_nothing_left_over(Case c, std::int64_t m) {
  c.type = WeightType::kFp32;
  const std::vector<float> infinite(128 * 128, std::numeric_limits<float>::infinity());
  const Rows x(m, 128, c.x, infinite), y(m, 128, c.y);
  set_threads(1);
  multiply(c, x.matrix(), PackedWeights::pack(infinite.data(), c.type, 128, 128, c.type), y.matrix(), {});
  for (const std::int64_t size : {1, 17, 48, 80, 100}) expect_product(c, random_weights(size, size, c.type), m);
}

class Matmul : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override { set_isa(GetParam()); }
  void TearDown() override {
    set_isa(available_isas().back());
    set_threads(available_cores());
  }
};

TEST_P(Matmul, EveryWeightTypeAndCompute) {
  for (const WeightType type : kTypes) {
    const PackedWeights weights = random_weights(100, 257, type);
    for (const Compute compute : {Compute::kFp32, Compute::kBf16})
      for (const bool transposed : {false, true})
        for (const std::int64_t m : {1, 2, 3, 5, 7, 8, 9, 15, 33}) {
          expect_product({transposed, type, compute, Element::kFp32, Element::kFp32, false, false}, weights, m);
          if (HasFatalFailure()) return;
        }
  }
}

TEST_P(Matmul, AwkwardSizes) {
  for (const std::int64_t out : {1, 5, 16, 17, 31, 48, 100, 257, 640})
    for (const std::int64_t in : {1, 5, 16, 17, 31, 48, 100, 257, 640}) {
      const PackedWeights weights = random_weights(out, in, out % 2 == 0 ? WeightType::kBf16 : WeightType::kNf4);
      for (const bool transposed : {false, true})
        for (const std::int64_t m : {0, 1, 2, 3, 5, 7, 13, 14, 15}) {
          expect_product({transposed, weights.type(), Compute::kFp32, Element::kFp32, Element::kFp32, false, false},
                         weights, m);
          if (HasFatalFailure()) return;
        }
    }
}

TEST_P(Matmul, ElementsBiasAndAdd) {
  const PackedWeights weights = random_weights(70, 90, WeightType::kFp16);
  for (const Element x : {Element::kFp32, Element::kBf16})
    for (const Element y : {Element::kFp32, Element::kBf16})
      for (const bool bias : {false, true})
        for (const bool add : {false, true})
          for (const bool transposed : {false, true})
            for (const Compute compute : {Compute::kFp32, Compute::kBf16})
              for (const std::int64_t m : {1, 100}) {
                expect_product({transposed, WeightType::kFp16, compute, x, y, bias, add}, weights, m);
                if (HasFatalFailure()) return;
              }
}

TEST_P(Matmul, NothingIsLeftOver) {
  for (const Compute compute : {Compute::kFp32, Compute::kBf16})
    for (const bool transposed : {false, true})
      for (const std::int64_t m : {1, 40})
        expect_nothing_left_over({transposed, WeightType::kFp32, compute, Element::kFp32, Element::kFp32, false, false},
                                 m);
}

// A row of y depends neither on the rows beside it nor on the number of threads.
TEST_P(Matmul, RowsHaveTheSameBitsInAnyCompany) {
  constexpr std::int64_t kRows = 700, kOut = 300, kIn = 530;
  for (const WeightType type : kTypes)
    for (const Compute compute : {Compute::kFp32, Compute::kBf16})
      for (const bool transposed : {false, true}) {
        const Case c{transposed, type, compute, Element::kFp32, Element::kFp32, false, false};
        SCOPED_TRACE(describe(c, kRows, kOut, kIn));
        const PackedWeights weights = random_weights(kOut, kIn, type);
        const std::int64_t k = transposed ? kOut : kIn, n = transposed ? kIn : kOut;
        const Rows x(kRows, k, Element::kFp32, random_values(kRows * k, 5));
        const Rows together(kRows, n, Element::kFp32);
        set_threads(1);
        multiply(c, x.matrix(), weights, together.matrix(), {});
        for (int count = 1; count <= 4; ++count) {
          set_threads(count);
          for (const std::int64_t group : {1, 2, 3, 4, 5, 8, 9, 14, 31, 350, 700}) {
            const Rows y(group, n, Element::kFp32);
            const std::int64_t first = group == kRows ? 0 : 17;
            multiply(c, rows_of(x.matrix(), first, group), weights, y.matrix(), {});
            for (std::int64_t i = 0; i < group; ++i)
              ASSERT_TRUE(y.row_equals(i, together, first + i))
                  << count << " threads, group " << group << ", row " << i;
          }
        }
      }
}

INSTANTIATE_TEST_SUITE_P(Isas, Matmul, ::testing::ValuesIn(available_isas()), [](const auto& info) {
  std::string name(isa_name(info.param));
  std::erase(name, '-');
  return name;
});

#ifdef AACFT_EMULATED
}  // namespace

namespace emulated_avx512 {
extern const MatmulTier matmul_fp32, matmul_bf16;
}
namespace emulated_avx512bf16 {
extern const MatmulTier matmul_bf16;
}
namespace emulated_amx {
extern const MatmulTier matmul_bf16;
}

namespace {

// The same for the tiers that a machine may lack, compiled to AVX2 (see emulated/avx512.h): fewer sizes, for they are
// slow.
struct Emulated {
  const char* name;
  const MatmulTier& tier;
  Compute compute;
};

class EmulatedMatmul : public ::testing::TestWithParam<Emulated> {
 protected:
  void SetUp() override {
    if (available_isas().back() < Isa::kAvx2) GTEST_SKIP() << "needs AVX2";
  }
  void TearDown() override { set_threads(available_cores()); }

  static Case make_case(bool transposed, WeightType type, Element x = Element::kFp32, Element y = Element::kFp32,
                        bool bias = false, bool add = false) {
    return {transposed, type, GetParam().compute, x, y, bias, add, &GetParam().tier};
  }
};

TEST_P(EmulatedMatmul, EveryWeightType) {
  for (const WeightType type : kTypes) {
    const PackedWeights weights = random_weights(100, 257, type);
    for (const bool transposed : {false, true})
      for (const std::int64_t m : {1, 2, 3, 4, 9, 15, 33}) {
        expect_product(make_case(transposed, type), weights, m);
        if (HasFatalFailure()) return;
      }
  }
}

TEST_P(EmulatedMatmul, AwkwardSizes) {
  for (const std::int64_t out : {1, 16, 17, 48, 100, 500})
    for (const std::int64_t in : {1, 16, 31, 48, 129, 500})
      for (const bool transposed : {false, true}) {
        const WeightType type = kTypes[static_cast<std::size_t>(out + in) % std::size(kTypes)];
        const PackedWeights weights = random_weights(out, in, type);
        for (const std::int64_t m : {0, 1, 5, 13, 35}) {
          expect_product(make_case(transposed, type), weights, m);
          if (HasFatalFailure()) return;
        }
      }
}

// Several blocks of the contraction, row panels and column panels, and last ones that are not whole.
TEST_P(EmulatedMatmul, SeveralBlocks) {
  for (const WeightType type : kTypes)
    for (const std::int64_t m : {17, 70}) {
      expect_product(make_case(false, type), random_weights(75, 1100, type), m);
      expect_product(make_case(true, type), random_weights(1100, 75, type), m);
      if (HasFatalFailure()) return;
    }
}

// Where whole lines of y are aligned, they may be written in another way.
TEST_P(EmulatedMatmul, AlignedResultsHaveTheSameBits) {
  constexpr std::int64_t kM = 40, kOut = 110, kStride = 128, kIn = 70;
  const std::vector<float> bias = random_values(kOut, 1);
  const PackedWeights weights = random_weights(kOut, kIn, WeightType::kBf16);
  const Rows x(kM, kIn, Element::kFp32, random_values(kM * kIn, 3));
  const Rows expected(kM, kOut, Element::kBf16);
  const Case c = make_case(false, WeightType::kBf16, Element::kFp32, Element::kBf16);
  multiply(c, x.matrix(), weights, expected.matrix(), {bias.data()});
  const Memory memory(kM * kStride * 2);
  std::memset(memory.data(), 0x5a, memory.size());
  const Matrix y{memory.data(), Element::kBf16, kM, kOut, kStride};
  multiply(c, x.matrix(), weights, y, {bias.data()});
  for (std::int64_t i = 0; i < kM; ++i) {
    EXPECT_EQ(std::memcmp(y.row(i), expected.matrix().row(i), kOut * 2), 0) << "row " << i;
    for (std::int64_t b = kOut * 2; b < kStride * 2; ++b) ASSERT_EQ(y.row(i)[b], std::byte{0x5a});
  }
}

TEST_P(EmulatedMatmul, ElementsBiasAndAdd) {
  const PackedWeights weights = random_weights(70, 90, WeightType::kFp16);
  for (const Element x : {Element::kFp32, Element::kBf16})
    for (const Element y : {Element::kFp32, Element::kBf16})
      for (const bool bias : {false, true})
        for (const bool add : {false, true})
          for (const bool transposed : {false, true})
            for (const std::int64_t m : {1, 40}) {
              expect_product(make_case(transposed, WeightType::kFp16, x, y, bias, add), weights, m);
              if (HasFatalFailure()) return;
            }
}

TEST_P(EmulatedMatmul, NothingIsLeftOver) {
  for (const bool transposed : {false, true})
    for (const std::int64_t m : {1, 40}) expect_nothing_left_over(make_case(transposed, WeightType::kFp32), m);
}

TEST_P(EmulatedMatmul, RowsHaveTheSameBitsInAnyCompany) {
  constexpr std::int64_t kRows = 50, kOut = 430, kIn = 530;
  for (const WeightType type : kTypes)
    for (const bool transposed : {false, true}) {
      const Case c = make_case(transposed, type);
      SCOPED_TRACE(describe(c, kRows, kOut, kIn));
      const PackedWeights weights = random_weights(kOut, kIn, type);
      const std::int64_t k = transposed ? kOut : kIn, n = transposed ? kIn : kOut;
      const Rows x(kRows, k, Element::kFp32, random_values(kRows * k, 5));
      const Rows together(kRows, n, Element::kFp32);
      set_threads(1);
      multiply(c, x.matrix(), weights, together.matrix(), {});
      set_threads(2);
      for (const std::int64_t group : {1, 2, 3, 5, 8, 9, 14, 16, 17, 33}) {
        const Rows y(group, n, Element::kFp32);
        multiply(c, rows_of(x.matrix(), 17, group), weights, y.matrix(), {});
        for (std::int64_t i = 0; i < group; ++i)
          ASSERT_TRUE(y.row_equals(i, together, 17 + i)) << "group " << group << ", row " << i;
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Tiers, EmulatedMatmul,
                         ::testing::Values(Emulated{"avx512", emulated_avx512::matmul_fp32, Compute::kFp32},
                                           Emulated{"avx512rounded", emulated_avx512::matmul_bf16, Compute::kBf16},
                                           Emulated{"avx512bf16", emulated_avx512bf16::matmul_bf16, Compute::kBf16},
                                           Emulated{"amx", emulated_amx::matmul_bf16, Compute::kBf16}),
                         [](const auto& info) { return std::string(info.param.name); });
#endif

}  // namespace
}  // namespace aacft
