// What a tier of instruction sets gives the driver of matrix products, matmul.cc.
//
// y [m, n] is cut into tiles of rows x columns. Activations are packed into row panels: up to `rows` rows of one block
// of `depth` steps of the contraction, in the tier's own order. Weights are expanded, one column panel and block at a
// time, into a buffer that stays in the first-level cache. A tier adds a block's steps in one order, and blocks are
// added one after another, so that neither the shape of the tiles nor the way through them changes a bit of y.
#pragma once

#include "aacft/kernels/matmul.h"

namespace aacft {

// Packed weights as plain data (see PackedWeights); sizes are padded.
struct WeightView {
  const std::byte* values;
  const std::uint16_t* scales;
  WeightType type;
  std::int64_t out, in;
};

// m rows, cut as evenly as can be into row panels that lie `bytes` apart in packed form.
struct RowPanels {
  std::byte* packed;
  std::int64_t m, count, bytes;

  // First row of panel i.
  __attribute__((always_inline)) std::int64_t row(std::int64_t i) const { return m * i / count; }
};

// One column panel and block of the weights: from column n and step k on.
struct WeightPanel {
  const WeightView* w;
  bool transposed;
  std::int64_t n, k, depth;
};

struct BlockProduct {
  RowPanels a;
  std::int64_t depth;
  float* c;    // [panels][rows][columns], all panels with room for `rows` rows
  bool first;  // c = instead of c +=
};

// What multiply() does on its way for the products after it.
struct Ahead {
  const std::byte* const* lines;  // to be prefetched
  std::int64_t line_count;

  // The same for tiers that expand ahead, which get no lines: the next panel is expanded to `expanded`, what the one
  // after that is made from is prefetched. A depth of 0: there is none.
  WeightPanel next, later;
  std::byte* expanded;
};

struct MatmulTier {
  std::int64_t rows, columns, depth;
  // Packed activations of one block of the contraction, and y's columns of one task: with the sums, what the
  // second-level cache of a processor of this tier holds.
  std::int64_t block_bytes, task_columns;
  std::int64_t direct_rows;    // rows of a panel for multiply_direct
  std::int64_t element_bytes;  // of an expanded weight and a packed activation
  bool expands_ahead;          // multiply() expands the next panel; only a task's first one is left to expand()

  // One row panel and block: steps k .. k + depth - 1 of x, zeros past its columns.
  void (*pack)(const ConstMatrix& x, std::int64_t k, std::int64_t depth, std::byte* packed);

  // One column panel and block: columns n .. n + columns - 1, zeros past the last.
  void (*expand)(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, std::byte* panel);
  void (*expand_transposed)(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, std::byte* panel);

  // c from all row panels and one column panel, `weights`, that has been expanded to `panel`.
  void (*multiply)(const BlockProduct& product, const WeightPanel& weights, const std::byte* panel, const Ahead& ahead);

  // For few rows: straight from the lines of `blocks` blocks of 16 outputs, from step k on; c: [blocks][panels]
  // [direct_rows][16]. Row panels hold up to direct_rows rows.
  void (*multiply_direct)(const BlockProduct& product, const WeightView& w, std::int64_t block, std::int64_t blocks,
                          std::int64_t k);

  // y from finished sums, c [y.rows][c_stride]; epilogue.bias begins at y's first column.
  void (*finish)(const float* c, std::int64_t c_stride, const Matrix& y, const Epilogue& epilogue);

  // After the last result of a task; nullptr: there is nothing to do.
  void (*leave)();
};

// matmul() and matmul_transposed() by a given tier.
void multiply(const MatmulTier& tier, bool transposed, const ConstMatrix& x, const PackedWeights& weights,
              const Matrix& y, const Epilogue& epilogue);

}  // namespace aacft
