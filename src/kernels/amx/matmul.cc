// Matrix products of bf16 in tiles of 16 rows by 64 bytes.
//
// A tile of activations is 16 rows of 32 steps; one of weights the lines (see pairs.h) of 32 steps and 16 columns; one
// of sums 16 rows of 16 columns. Row panels are padded with zeros to 16 rows. An instruction adds 32 steps in the
// processor's own order, row by row: for the same bits on every path, it is enough that all cut the steps alike.
#include "kernels/amx/tiles.h"
#include "kernels/avx512bf16/pairs.h"

namespace aacft::AACFT_TIER {
namespace {

constexpr int kRows = 16, kBlocks = 4, kColumns = kBlocks * 16;
constexpr std::int64_t kSteps = 32, kTileBytes = 1024, kTile = 256;  // of a tile; floats in a tile of sums
constexpr std::int64_t kDepth = 256;                                 // the panel takes 32 KB
constexpr std::int64_t kPanelStride = kBlocks * kLineBytes;

AACFT_INLINE std::int64_t tiles(std::int64_t depth) { return (depth + kSteps - 1) / kSteps; }

// ---- activations: [depth / 32][16 rows][32] ----

void pack(const ConstMatrix& x, std::int64_t k, std::int64_t depth, std::byte* packed) {
  for (std::int64_t r = 0; r < kRows; ++r) {
    std::byte* to = packed + r * kLineBytes;
    for (std::int64_t step = 0; step < depth; step += kSteps, to += kTileBytes)
      store_line(to, r < x.rows ? row_pairs(row_of(x, r), x.element, k + step, x.cols) : Uints{});
  }
}

// ---- weights ----

void expand_transposed_tiles(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth,
                             std::byte* panel) {
  expand_transposed<kBlocks>(w, n, k, tiles(depth) * kSteps, panel);
}

// ---- products ----

void multiply(const BlockProduct& p, const std::byte* panel, const std::byte* const* lines, std::int64_t line_count) {
  const FullTiles full_tiles;
  const std::int64_t steps = tiles(p.depth), lines_a_step = (line_count + p.a.count * steps - 1) / (p.a.count * steps);
  const std::byte* const* const end = lines + line_count;
  float* c = p.c;
  for (std::int64_t i = 0; i < p.a.count; ++i, c += kRows * kColumns) {
    constexpr std::int64_t kStride = kColumns * 4;
    if (p.first) {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    } else {
      _tile_loadd(0, c, kStride);
      _tile_loadd(1, c + 16, kStride);
      _tile_loadd(2, c + 32, kStride);
      _tile_loadd(3, c + 48, kStride);
    }
    const std::byte* a = p.a.packed + i * p.a.bytes;
    const std::byte* b = panel;
    const float* next = c + kRows * kColumns;  // sums, an eighth of them a step
    for (std::int64_t step = 0; step < steps; ++step, a += kTileBytes, b += kSteps / 2 * kPanelStride, next += 128) {
      for (std::int64_t j = 0; j < lines_a_step && lines < end; ++j) __builtin_prefetch(*lines++);
#pragma GCC unroll 8
      for (int j = 0; j < 128; j += 16) __builtin_prefetch(next + j, 1);
      _tile_stream_loadd(4, a, kLineBytes);  // past the first-level cache, which is the panel's
      _tile_loadd(5, b, kPanelStride);
      _tile_dpbf16ps(0, 4, 5);
      _tile_loadd(6, b + kLineBytes, kPanelStride);
      _tile_dpbf16ps(1, 4, 6);
      _tile_loadd(7, b + 2 * kLineBytes, kPanelStride);
      _tile_dpbf16ps(2, 4, 7);
      _tile_loadd(5, b + 3 * kLineBytes, kPanelStride);
      _tile_dpbf16ps(3, 4, 5);
    }
    _tile_stored(0, c, kStride);
    _tile_stored(1, c + 16, kStride);
    _tile_stored(2, c + 32, kStride);
    _tile_stored(3, c + 48, kStride);
  }
}

// How far ahead of its use a line is prefetched.
constexpr std::int64_t kAhead = 4096;

template <WeightType kType>
void multiply_direct_as(const BlockProduct& p, const WeightView& w, std::int64_t block, std::int64_t blocks,
                        std::int64_t k) {
  constexpr std::int64_t kStepBytes = kSteps / inputs_of_line(kType) * kLineBytes;
  alignas(64) std::byte buffer[kDepth / kSteps * kTileBytes];
  float* c = p.c;
  const FullTiles full_tiles;
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::byte* line = line_of<kType>(w, block + i, k);
    const std::byte* b = line;
    if constexpr (kType != WeightType::kBf16) {
      expand_as<kType, 1>(w, (block + i) * kBlockOutputs, k, p.depth, buffer);
      __asm__ volatile("" : : "r"(buffer) : "memory");  // GCC does not know that loading a tile reads memory
      b = buffer;
    }
    for (std::int64_t panel = 0; panel < p.a.count; ++panel, c += kTile) {
      const std::byte* a = p.a.packed + panel * p.a.bytes;
      if (p.first) {
        _tile_zero(0);
      } else {
        _tile_loadd(0, c, kLineBytes);
      }
      for (std::int64_t step = 0; step < tiles(p.depth); ++step) {
        if (panel == 0)
          for (std::int64_t j = 0; j < kStepBytes; j += kLineBytes)
            __builtin_prefetch(line + step * kStepBytes + j + kAhead);
        _tile_loadd(1, a + step * kTileBytes, kLineBytes);
        _tile_loadd(2, b + step * kTileBytes, kLineBytes);
        _tile_dpbf16ps(0, 1, 2);
      }
      _tile_stored(0, c, kLineBytes);
    }
  }
}

void multiply_direct(const BlockProduct& p, const WeightView& w, std::int64_t block, std::int64_t blocks,
                     std::int64_t k) {
  switch (w.type) {
    case WeightType::kFp32: return multiply_direct_as<WeightType::kFp32>(p, w, block, blocks, k);
    case WeightType::kFp16: return multiply_direct_as<WeightType::kFp16>(p, w, block, blocks, k);
    case WeightType::kBf16: return multiply_direct_as<WeightType::kBf16>(p, w, block, blocks, k);
    case WeightType::kInt8: return multiply_direct_as<WeightType::kInt8>(p, w, block, blocks, k);
    case WeightType::kNf4: return multiply_direct_as<WeightType::kNf4>(p, w, block, blocks, k);
  }
}

}  // namespace

extern const MatmulTier matmul_bf16 = {.rows = kRows,
                                       .columns = kColumns,
                                       .depth = kDepth,
                                       .block_bytes = 640 << 10,
                                       .task_columns = 256,
                                       .direct_rows = kRows,
                                       .element_bytes = 2,
                                       .pack = pack,
                                       .expand = expand<kBlocks>,
                                       .expand_transposed = expand_transposed_tiles,
                                       .multiply = multiply,
                                       .multiply_direct = multiply_direct,
                                       .finish = finish};

}  // namespace aacft::AACFT_TIER
