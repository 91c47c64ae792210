// Matrix products of bf16 in tiles of 16 rows by 64 bytes.
//
// A tile of activations is 16 rows of 32 steps; one of weights the 16 lines (see pairs.h) of 32 steps and 16 columns;
// one of sums 16 rows of 16 columns. An instruction adds 32 steps in the processor's own order, row by row: for the
// same bits on every path, it is enough that all cut the steps alike.
//
// What costs is to exchange the tiles of sums, not to load the others. So two by two of them take 512 steps before they
// rest in memory again, each goes as the next one comes, and the next panel's weights are expanded in between.
#include "kernels/amx/tiles.h"
#include "kernels/avx512bf16/pairs.h"

namespace aacft::AACFT_TIER {
namespace {

constexpr int kTile = 16, kRows = 2 * kTile, kColumns = 2 * kTile;
constexpr std::int64_t kSteps = 32, kTileBytes = 1024;             // of a tile
constexpr std::int64_t kDepth = 512;                               // the panel takes 32 KB
constexpr std::int64_t kHalfBytes = kDepth / kSteps * kTileBytes;  // of a panel: 16 rows or columns

AACFT_INLINE std::int64_t tiles(std::int64_t depth) { return (depth + kSteps - 1) / kSteps; }

// ---- activations: [2][depth / 32] tiles; of the second half's, as many rows as there are ----

void pack(const ConstMatrix& x, std::int64_t k, std::int64_t depth, std::byte* packed) {
  const std::int64_t rows = x.rows <= kTile ? kTile : kRows;
  for (std::int64_t r = 0; r < rows; ++r) {
    std::byte* to = packed + r / kTile * kHalfBytes + r % kTile * kLineBytes;
    for (std::int64_t step = 0; step < depth; step += kSteps, to += kTileBytes)
      store_line(to, r < x.rows ? row_pairs(row_of(x, r), x.element, k + step, x.cols) : Uints{});
  }
}

// ---- weights: [2][depth / 32] tiles ----

using ExpandTile = void (*)(const WeightPanel& weights, std::int64_t tile, std::byte* panel);

// A panel's tiles are numbered in the order in which they lie in memory.
template <WeightType kType, bool kTransposed>
void expand_tile(const WeightPanel& p, std::int64_t tile, std::byte* panel) {
  const std::int64_t steps = tiles(p.depth);
  const std::int64_t half = kTransposed ? tile % 2 : tile / steps, step = kTransposed ? tile / 2 : tile % steps;
  (kTransposed ? expand_transposed_as<kType, 1> : expand_as<kType, 1>)(*p.w, p.n + half * kTile, p.k + step * kSteps,
                                                                       kSteps,
                                                                       panel + half * kHalfBytes + step * kTileBytes);
}

template <bool kTransposed>
ExpandTile expand_tile_of(WeightType type) {
  switch (type) {
    case WeightType::kFp32: return expand_tile<WeightType::kFp32, kTransposed>;
    case WeightType::kFp16: return expand_tile<WeightType::kFp16, kTransposed>;
    case WeightType::kBf16: return expand_tile<WeightType::kBf16, kTransposed>;
    case WeightType::kInt8: return expand_tile<WeightType::kInt8, kTransposed>;
    case WeightType::kNf4: return expand_tile<WeightType::kNf4, kTransposed>;
  }
  return nullptr;
}

// bf16 rests as tiles: nothing to expand.
AACFT_INLINE bool in_place(const WeightPanel& p) { return p.w->type == WeightType::kBf16 && !p.transposed; }

template <bool kTransposed>
void expand_panel(const WeightView& w, std::int64_t n, std::int64_t k, std::int64_t depth, std::byte* panel) {
  const WeightPanel p{&w, kTransposed, n, k, depth};
  if (in_place(p)) return;
  const ExpandTile expand_one = expand_tile_of<kTransposed>(w.type);
  for (std::int64_t tile = 0; tile < 2 * tiles(depth); ++tile) expand_one(p, tile, panel);
}

// ---- what is done between the products for those that come after: a share of it after each ----

// Lines that lie beside each other, and others like them.
struct Runs {
  const std::byte* first;
  std::int64_t count, bytes, stride;
};

// What a panel is made from: a run for each block of outputs.
AACFT_INLINE Runs runs_of(const WeightPanel& p, const void* base, std::int64_t inputs, std::int64_t bytes) {
  const std::int64_t output = p.transposed ? p.k : p.n, input = p.transposed ? p.n : p.k;
  const std::int64_t wide = p.transposed ? kColumns : p.depth, high = p.transposed ? p.depth : kColumns;
  const std::int64_t block = output / kBlockOutputs, end = output + high < p.w->out ? output + high : p.w->out;
  const std::int64_t lines = (input + wide - 1) / inputs - input / inputs + 1;
  return {static_cast<const std::byte*>(base) + (block * p.w->in + input) / inputs * bytes,
          (end + kBlockOutputs - 1) / kBlockOutputs - block, lines * bytes, p.w->in / inputs * bytes};
}

// So much of a run is prefetched at once. All runs of values are multiples of it.
constexpr std::int64_t kPartBytes = 4 * kLineBytes;

// To the second-level cache: the first is the panel's.
AACFT_INLINE void prefetch(const std::byte* line) { __builtin_prefetch(line, 0, 2); }

void prefetch_scales(const WeightPanel& p) {
  const std::int64_t group = scale_group(p.w->type);
  if (group == 0) return;
  const Runs scales = runs_of(p, p.w->scales, group, kBlockOutputs * 2);
  for (std::int64_t run = 0; run < scales.count; ++run)
    for (std::int64_t i = 0; i < scales.bytes; i += kLineBytes) prefetch(scales.first + run * scales.stride + i);
}

struct Errands {
  std::int64_t steps;  // after which all is done

  Runs runs;  // what is left to prefetch
  std::int64_t at = 0, parts = 0, parts_due = 0;

  const Ahead* ahead;
  ExpandTile expand_one = nullptr;
  std::int64_t tile = 0, tile_count = 0, tiles_due = 0;

  AACFT_INLINE Errands make(const Ahead& ahead, std::int64_t steps) {
    Errands e{};
    e.steps = steps;
    e.ahead = &ahead;
    if (const WeightPanel& next = ahead.next; next.depth > 0 && !in_place(next)) {
      e.expand_one = next.transposed ? expand_tile_of<true>(next.w->type) : expand_tile_of<false>(next.w->type);
      e.tile_count = 2 * tiles(next.depth);
    }
    if (const WeightPanel& later = ahead.later; later.depth > 0) {
      prefetch_scales(later);
      e.runs = runs_of(later, later.w->values, inputs_of_line(later.w->type), kLineBytes);
      e.parts = e.runs.count * (e.runs.bytes / kPartBytes);
    }
    return e;
  }

  AACFT_INLINE void prefetch_part(Errands& e) {
#pragma GCC unroll 4
    for (std::int64_t i = 0; i < kPartBytes; i += kLineBytes) prefetch(e.runs.first + e.at + i);
    e.at += kPartBytes;
    if (e.at < e.runs.bytes) return;
    e.at = 0;
    e.runs.first += e.runs.stride;
  }

  AACFT_INLINE void do_share(Errands& e) {
    for (e.parts_due += e.parts; e.parts_due >= e.steps; e.parts_due -= e.steps) prefetch_part(e);
    for (e.tiles_due += e.tile_count; e.tiles_due >= e.steps; e.tiles_due -= e.steps)
      e.expand_one(e.ahead->next, e.tile++, e.ahead->expanded);
  }
};

// ---- products ----

constexpr std::int64_t kStride = kColumns * 4;         // of sums, in bytes
constexpr std::int64_t kLowerSums = kTile * kColumns;  // floats before the lower tiles
constexpr std::int64_t kPanelSums = kRows * kColumns;  // of a row panel

// The former row panel's sums leave a tile, this one's come. (The instructions want literal numbers of tiles.)
#define AACFT_EXCHANGE(tile, place)                                     \
  if (former != nullptr) _tile_stored(tile, former + (place), kStride); \
  if (p.first) {                                                        \
    _tile_zero(tile);                                                   \
  } else {                                                              \
    _tile_loadd(tile, c + (place), kStride);                            \
  }

void multiply(const BlockProduct& p, const WeightPanel& weights, const std::byte* panel, const Ahead& ahead) {
  const std::byte *left = panel, *right = panel + kHalfBytes;
  if (in_place(weights)) {
    const std::int64_t block = weights.n / kBlockOutputs;
    left = line_of<WeightType::kBf16>(*weights.w, block, weights.k);
    // Past the last block, any columns do: nobody looks at their sums.
    const bool last = (block + 1) * kBlockOutputs >= weights.w->out;
    right = last ? left : line_of<WeightType::kBf16>(*weights.w, block + 1, weights.k);
  }
  const FullTiles full_tiles;
  const std::int64_t steps = tiles(p.depth);
  Errands errands = Errands::make(ahead, p.a.count * steps);
  float *former = nullptr, *c = p.c;
  for (std::int64_t i = 0; i < p.a.count; ++i, former = c, c += kPanelSums) {
    // Activations go past the first-level cache, which is the weights'.
    const std::byte* upper = p.a.packed + i * p.a.bytes;
    const std::byte* lower = upper + kHalfBytes;
    _tile_stream_loadd(4, upper, kLineBytes);
    AACFT_EXCHANGE(0, 0)
    _tile_loadd(6, left, kLineBytes);
    _tile_dpbf16ps(0, 4, 6);
    AACFT_EXCHANGE(1, kTile)
    _tile_loadd(7, right, kLineBytes);
    _tile_dpbf16ps(1, 4, 7);
    _tile_stream_loadd(5, lower, kLineBytes);
    AACFT_EXCHANGE(2, kLowerSums)
    _tile_dpbf16ps(2, 5, 6);
    AACFT_EXCHANGE(3, kLowerSums + kTile)
    _tile_dpbf16ps(3, 5, 7);
    Errands::do_share(errands);
    for (std::int64_t at = kTileBytes; at < steps * kTileBytes; at += kTileBytes) {
      // The next sums, to be written as well: four of their 64 lines a step.
      const float* next = c + kPanelSums + at / 16;
#pragma GCC unroll 4
      for (int j = -64; j < 0; j += 16) __builtin_prefetch(next + j, 1);
      _tile_stream_loadd(4, upper + at, kLineBytes);
      _tile_loadd(6, left + at, kLineBytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, right + at, kLineBytes);
      _tile_dpbf16ps(1, 4, 7);
      _tile_stream_loadd(5, lower + at, kLineBytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
      Errands::do_share(errands);
    }
  }
  _tile_stored(0, former, kStride);
  _tile_stored(1, former + kTile, kStride);
  _tile_stored(2, former + kLowerSums, kStride);
  _tile_stored(3, former + kLowerSums + kTile, kStride);
}

#undef AACFT_EXCHANGE

// How far ahead of its use a line is prefetched.
constexpr std::int64_t kAhead = 4096;

template <WeightType kType>
void multiply_direct_as(const BlockProduct& p, const WeightView& w, std::int64_t block, std::int64_t blocks,
                        std::int64_t k) {
  constexpr std::int64_t kStepBytes = kSteps / inputs_of_line(kType) * kLineBytes;
  alignas(64) std::byte buffer[kHalfBytes];
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
    for (std::int64_t panel = 0; panel < p.a.count; ++panel, c += kTile * kTile) {
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

// ---- results ----

// Whole lines of bf16 go past the caches: nobody reads them before the product is done.
void finish_lines(const float* c, std::int64_t c_stride, const Matrix& y, const Epilogue& epilogue) {
  typedef std::uint16_t Line __attribute__((vector_size(64)));
  const bool lines = y.element == Element::kBf16 && y.cols == kColumns && y.stride % kColumns == 0 && !epilogue.add &&
                     reinterpret_cast<std::uintptr_t>(y.data) % kLineBytes == 0;
  if (!lines) return finish(c, c_stride, y, epilogue);
  for (std::int64_t r = 0; r < y.rows; ++r, c += c_stride) {
    LooseHalves halves[2];
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      Floats value = load(c + half * kWidth);
      if (epilogue.bias != nullptr) value += load(epilogue.bias + half * kWidth);
      halves[half] = narrow(bf16_bits(value) >> 16);
    }
    const Line line = __builtin_shufflevector(halves[0], halves[1], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
                                              15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
    _mm512_stream_si512(reinterpret_cast<__m512i*>(row_of(y, r)), reinterpret_cast<__m512i>(line));
  }
}

// Only behind this do other threads see what went past the caches.
void leave() { _mm_sfence(); }

}  // namespace

// A block of 512 rows takes 512 KB, its sums for 256 columns as much: the second-level cache has 2 MB.
extern const MatmulTier matmul_bf16 = {.rows = kRows,
                                       .columns = kColumns,
                                       .depth = kDepth,
                                       .block_bytes = 512 << 10,
                                       .task_columns = 256,
                                       .direct_rows = kTile,
                                       .element_bytes = 2,
                                       .expands_ahead = true,
                                       .pack = pack,
                                       .expand = expand_panel<false>,
                                       .expand_transposed = expand_panel<true>,
                                       .multiply = multiply,
                                       .multiply_direct = multiply_direct,
                                       .finish = finish_lines,
                                       .leave = leave};

}  // namespace aacft::AACFT_TIER
