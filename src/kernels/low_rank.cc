#include "aacft/kernels/low_rank.h"

#include <algorithm>
#include <vector>

#include "aacft/base/random.h"
#include "kernels/blocks.h"
#include "kernels/vector/low_rank.h"
#include "kernels/vector/table.h"

namespace aacft {

AACFT_DECLARE_TABLE(LowRankTable, low_rank_table)

namespace {

constexpr std::int64_t kTaskRows = 16;
constexpr RowMasks kNoMasks;

// Where value (k, c) of a matrix of rank x columns lies.
struct Layout {
  std::int64_t of_rank, of_column;
};
Layout as_it_is(std::int64_t columns) { return {columns, 1}; }
Layout transposed(std::int64_t rank) { return {1, rank}; }

// Runs body(value's place, place in panels) for columns first .. first + count - 1, whose panels begin at 0.
template <typename Body>
void for_each_value(std::int64_t rank, Layout layout, std::int64_t first, std::int64_t count, const Body& body) {
  for (std::int64_t panel = 0; panel < count; panel += kPanel)
    for (std::int64_t k = 0; k < rank; ++k)
      for (std::int64_t c = panel; c < std::min(panel + kPanel, count); ++c)
        body(k * layout.of_rank + (first + c) * layout.of_column, (panel / kPanel * rank + k) * kPanel + c - panel);
}

std::vector<float> panels_for(std::int64_t rank, std::int64_t columns) {
  return std::vector<float>(static_cast<std::size_t>((columns + kPanel - 1) / kPanel * kPanel * rank));
}

std::vector<float> pack(const float* matrix, std::int64_t rank, std::int64_t columns, Layout layout) {
  std::vector<float> panels = panels_for(rank, columns);
  for_each_block(columns, 64 * kPanel, [&](std::int64_t first, std::int64_t count) {
    float* to = panels.data() + first * rank;
    for_each_value(rank, layout, first, count, [&](std::int64_t from, std::int64_t at) { to[at] = matrix[from]; });
  });
  return panels;
}

std::vector<float> scaled(const float* h, std::int64_t count, float scale) {
  std::vector<float> values(h, h + count);
  for (float& value : values) value *= scale;
  return values;
}

// The masks of a matrix's rows; owns their keys.
class Masks {
 public:
  Masks(const DropoutMask& mask, std::int64_t rows) : p_(mask.p), substream_(mask.substream) {
    if (p_ == 0) return;
    keys_.reserve(static_cast<std::size_t>(2 * rows));
    for (std::int64_t i = 0; i < rows; ++i) {
      const RandomStream stream(mask.seed, Purpose::kDropout, mask.row_streams[i], mask.substream);
      for (const std::uint32_t word : stream.key()) keys_.push_back(word);
    }
  }
  RowMasks rows() const { return {p_, substream_, keys_.data()}; }

 private:
  float p_;
  std::uint32_t substream_;
  std::vector<std::uint32_t> keys_;
};

// h = scale * dropout(x) M^T
void project(const ConstMatrix& x, const RowMasks& masks, const std::vector<float>& panels, std::int64_t rank,
             float scale, float* h) {
  const LowRankTable& table = AACFT_CHOOSE(low_rank_table);
  for_each_block(x.rows, kTaskRows, [&](std::int64_t first, std::int64_t count) {
    table.project(rows_of(x, first, count), masks, first, panels.data(), rank, scale, h + first * rank);
  });
}

// y += dropout(h M)
void expand(const float* h, std::int64_t rank, const RowMasks& masks, const std::vector<float>& panels,
            const Matrix& y) {
  const LowRankTable& table = AACFT_CHOOSE(low_rank_table);
  for_each_block(y.rows, kTaskRows, [&](std::int64_t first, std::int64_t count) {
    table.expand(h + first * rank, rank, masks, first, panels.data(), rows_of(y, first, count));
  });
}

// grad (of M's layout) += h^T dropout(x)
void accumulate(const float* h, std::int64_t rank, const ConstMatrix& x, const RowMasks& masks, Layout layout,
                float* grad) {
  const LowRankTable& table = AACFT_CHOOSE(low_rank_table);
  for_each_block(x.cols, kGradColumns, [&](std::int64_t first, std::int64_t count) {
    std::vector<float> memory = panels_for(rank, count);
    float* panels = memory.data();
    for_each_value(rank, layout, first, count, [&](std::int64_t i, std::int64_t at) { panels[at] = grad[i]; });
    table.accumulate(h, rank, x, masks, first, count, panels);
    for_each_value(rank, layout, first, count, [&](std::int64_t i, std::int64_t at) { grad[i] = panels[at]; });
  });
}

}  // namespace

void low_rank_down(const ConstMatrix& x, const DropoutMask& mask, const float* a, std::int64_t rank, float* h) {
  project(x, Masks(mask, x.rows).rows(), pack(a, rank, x.cols, as_it_is(x.cols)), rank, 1, h);
}

void low_rank_up(const float* h, std::int64_t rank, const float* b, float scale, const Matrix& y) {
  expand(scaled(h, y.rows * rank, scale).data(), rank, kNoMasks, pack(b, rank, y.cols, transposed(rank)), y);
}

void low_rank_up_backward(const ConstMatrix& dy, const float* b, std::int64_t rank, float scale, float* dh) {
  project(dy, kNoMasks, pack(b, rank, dy.cols, transposed(rank)), rank, scale, dh);
}

void low_rank_down_backward(const float* dh, std::int64_t rank, const DropoutMask& mask, const float* a,
                            const Matrix& dx) {
  expand(dh, rank, Masks(mask, dx.rows).rows(), pack(a, rank, dx.cols, as_it_is(dx.cols)), dx);
}

void low_rank_a_grad(const float* dh, std::int64_t rank, const ConstMatrix& x, const DropoutMask& mask, float* a_grad) {
  accumulate(dh, rank, x, Masks(mask, x.rows).rows(), as_it_is(x.cols), a_grad);
}

void low_rank_b_grad(const float* h, std::int64_t rank, const ConstMatrix& dy, float scale, float* b_grad) {
  accumulate(scaled(h, dy.rows * rank, scale).data(), rank, dy, kNoMasks, transposed(rank), b_grad);
}

}  // namespace aacft
