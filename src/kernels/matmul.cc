#include "aacft/kernels/matmul.h"

#include <algorithm>
#include <cassert>

#include "aacft/base/memory.h"
#include "aacft/kernels/isa.h"
#include "kernels/blocks.h"
#include "kernels/matmul_tier.h"
#include "kernels/vector/table.h"

namespace aacft {

AACFT_DECLARE_TABLE(MatmulTier, matmul_fp32)
AACFT_DECLARE_TABLE(MatmulTier, matmul_bf16)
#ifdef AACFT_X86
namespace avx512bf16 {
extern const MatmulTier matmul_bf16;
}
namespace amx {
extern const MatmulTier matmul_bf16;
}
#endif

namespace {

// The activations of a contraction this many times as long as a task is wide stay in the last-level cache from task to
// task.
constexpr std::int64_t kNearSteps = 40;
// Packing fewer activations than this is not worth waking the threads.
constexpr std::int64_t kSerialPack = 32768;
// With up to this many row panels, weights are streamed past the activations instead of expanded.
constexpr std::int64_t kDirectPanels = 2;

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

const MatmulTier& tier_for(Compute compute) {
  if (compute == Compute::kFp32) return AACFT_CHOOSE(matmul_fp32);
#ifdef AACFT_X86
  if (isa() >= Isa::kAmx) return amx::matmul_bf16;
  if (isa() >= Isa::kAvx512Bf16) return avx512bf16::matmul_bf16;
#endif
  return AACFT_CHOOSE(matmul_bf16);
}

// y = x W^T or x W for rows that are few enough for their packed form to stay in the caches.
struct Product {
  const MatmulTier& tier;
  ConstMatrix x;
  WeightView w;
  Matrix y;
  Epilogue epilogue;
  bool transposed;

  std::int64_t steps() const { return transposed ? w.out : w.in; }  // of the contraction
  std::int64_t blocks() const { return divide_up(steps(), tier.depth); }
  std::int64_t depth(std::int64_t block) const { return std::min(tier.depth, steps() - block * tier.depth); }
  std::int64_t panels() const { return divide_up(y.cols, tier.columns); }

  // Row panels of block 0; the other blocks' follow.
  RowPanels pack(std::int64_t rows, std::byte* memory) const {
    const RowPanels a{memory, x.rows, divide_up(x.rows, rows), rows * tier.depth * tier.element_bytes};
    const auto pack_one = [&](std::size_t task) {
      const std::int64_t block = static_cast<std::int64_t>(task) / a.count,
                         i = static_cast<std::int64_t>(task) % a.count;
      tier.pack(rows_of(x, a.row(i), a.row(i + 1) - a.row(i)), block * tier.depth, depth(block),
                a.packed + (block * a.count + i) * a.bytes);
    };
    const auto tasks = static_cast<std::size_t>(a.count * blocks());
    if (x.rows * steps() <= kSerialPack) {
      for (std::size_t i = 0; i < tasks; ++i) pack_one(i);
    } else {
      parallel_for(tasks, pack_one);
    }
    return a;
  }

  static RowPanels of_block(const RowPanels& a, std::int64_t block) {
    return {a.packed + block * a.count * a.bytes, a.m, a.count, a.bytes};
  }

  // The lines, of values and of scales, that column panel `panel` of a block is made from.
  std::int64_t find_lines(std::int64_t panel, std::int64_t block, const std::byte** lines) const {
    const std::int64_t inputs = inputs_of_line(w.type), n = panel * tier.columns, k = block * tier.depth;
    const std::int64_t first_output = transposed ? k : n, first_input = transposed ? n : k;
    const std::int64_t outputs = std::min(transposed ? depth(block) : tier.columns, w.out - first_output);
    const std::int64_t count = std::min(transposed ? tier.columns : depth(block), w.in - first_input) / inputs;
    const std::int64_t group = scale_group(w.type), groups = group > 0 ? divide_up(count * inputs, group) : 0;
    std::int64_t found = 0;
    for (std::int64_t output = 0; output < outputs; output += kBlockOutputs) {
      const std::byte* line =
          w.values + ((first_output + output) / kBlockOutputs * w.in + first_input) / inputs * kLineBytes;
      for (std::int64_t i = 0; i < count; ++i) lines[found++] = line + i * kLineBytes;
      for (std::int64_t i = 0; i < groups; ++i) {
        const std::int64_t first = (first_output + output) * w.in / kBlockOutputs + first_input;
        lines[found++] = reinterpret_cast<const std::byte*>(w.scales + (first / group + i) * kBlockOutputs);
      }
    }
    return found;
  }

  void finish(const RowPanels& a, const float* c, std::int64_t rows, std::int64_t columns, std::int64_t n) const {
    Epilogue here = epilogue;
    if (here.bias != nullptr) here.bias += n;
    for (std::int64_t i = 0; i < a.count; ++i, c += rows * columns) {
      Matrix part = rows_of(y, a.row(i), a.row(i + 1) - a.row(i));
      part.data = static_cast<std::byte*>(part.data) + static_cast<std::size_t>(n) * element_size(y.element);
      part.cols = std::min(columns, y.cols - n);
      tier.finish(c, columns, part, here);
    }
  }

  // The i-th of so many column panels from `first` on: all of a block, then those of the next one.
  WeightPanel weights_of(std::int64_t first, std::int64_t count, std::int64_t i) const {
    const std::int64_t block = i / count;
    if (block >= blocks()) return {};
    return {&w, transposed, (first + i % count) * tier.columns, block * tier.depth, depth(block)};
  }

  void expand(const WeightPanel& p, std::byte* panel) const {
    (transposed ? tier.expand_transposed : tier.expand)(w, p.n, p.k, p.depth, panel);
  }

  // Column panels first .. end - 1.
  void multiply(const RowPanels& a, std::int64_t first, std::int64_t end) const {
    thread_local Scratch scratch;
    const std::int64_t panel_bytes = tier.columns * tier.depth * tier.element_bytes;
    const std::int64_t lines_bytes =
        tier.columns * tier.depth / kBlockOutputs * static_cast<std::int64_t>(sizeof(std::byte*));
    const std::int64_t sums = a.count * tier.rows * tier.columns;  // of a panel
    const std::int64_t panels = end - first, buffers = tier.expands_ahead ? 2 : 1;
    std::byte* const buffer =
        scratch.get(static_cast<std::size_t>(buffers * panel_bytes + lines_bytes + panels * sums * 4));
    const std::byte** const lines = reinterpret_cast<const std::byte**>(buffer + buffers * panel_bytes);
    float* const c = reinterpret_cast<float*>(buffer + buffers * panel_bytes + lines_bytes);

    for (std::int64_t i = 0; i < panels * blocks(); ++i) {
      const WeightPanel here = weights_of(first, panels, i), next = weights_of(first, panels, i + 1);
      std::byte* const panel = buffer + i % buffers * panel_bytes;
      if (i == 0 || !tier.expands_ahead) expand(here, panel);
      Ahead ahead{};
      if (tier.expands_ahead) {
        ahead.next = next;
        ahead.expanded = buffer + (i + 1) % buffers * panel_bytes;
        ahead.later = weights_of(first, panels, i + 2);
      } else if (next.depth > 0) {
        ahead.lines = lines;
        ahead.line_count = find_lines(next.n / tier.columns, next.k / tier.depth, lines);
      }
      float* const sum = c + i % panels * sums;
      const std::int64_t block = i / panels;
      tier.multiply({of_block(a, block), here.depth, sum, block == 0}, here, panel, ahead);
      if (block + 1 == blocks()) finish(a, sum, tier.rows, tier.columns, here.n);
    }
    if (tier.leave != nullptr) tier.leave();
  }

  // The same straight from the weights, for blocks of 16 outputs.
  void multiply_direct(const RowPanels& a, std::int64_t first, std::int64_t end) const {
    thread_local Scratch scratch;
    const std::int64_t sums = a.count * tier.direct_rows * kBlockOutputs;
    float* const c = reinterpret_cast<float*>(scratch.get(static_cast<std::size_t>((end - first) * sums * 4)));
    for (std::int64_t block = 0; block < blocks(); ++block)
      tier.multiply_direct({of_block(a, block), depth(block), c, block == 0}, w, first, end - first,
                           block * tier.depth);
    for (std::int64_t i = first; i < end; ++i)
      finish(a, c + (i - first) * sums, tier.direct_rows, kBlockOutputs, i * kBlockOutputs);
    if (tier.leave != nullptr) tier.leave();
  }

  void run() const {
    thread_local Scratch scratch;
    const bool direct = !transposed && x.rows <= kDirectPanels * tier.direct_rows;
    const std::int64_t rows = direct ? tier.direct_rows : tier.rows;
    const RowPanels a = pack(rows, scratch.get(static_cast<std::size_t>(divide_up(x.rows, rows) * rows * blocks() *
                                                                        tier.depth * tier.element_bytes)));
    if (direct) {
      for_each_block(divide_up(y.cols, kBlockOutputs), 4,
                     [&](std::int64_t first, std::int64_t count) { multiply_direct(a, first, first + count); });
      return;
    }
    // A whole number of tasks for each thread. Over a vocabulary, each task reads its activations from main memory:
    // fewer, wider ones.
    const std::int64_t least = divide_up(panels() * tier.columns, std::max(tier.task_columns, steps() / kNearSteps));
    const std::int64_t tasks = std::min(divide_up(least, threads()) * threads(), panels());
    parallel_for(static_cast<std::size_t>(tasks), [&](std::size_t task) {
      const auto i = static_cast<std::int64_t>(task);
      multiply(a, panels() * i / tasks, panels() * (i + 1) / tasks);
    });
  }
};

}  // namespace

void multiply(const MatmulTier& tier, bool transposed, const ConstMatrix& x, const PackedWeights& weights,
              const Matrix& y, const Epilogue& epilogue) {
  assert(x.rows == y.rows && x.cols == (transposed ? weights.out() : weights.in()) &&
         y.cols == (transposed ? weights.in() : weights.out()));
  const WeightView w{weights.values(), weights.scales(), weights.type(), weights.padded_out(), weights.padded_in()};
  const std::int64_t most =
      std::max(tier.block_bytes / (tier.depth * tier.element_bytes) / tier.rows, std::int64_t{1}) * tier.rows;
  const std::int64_t panels = divide_up(x.rows, tier.rows), parts = divide_up(x.rows, most);
  for (std::int64_t i = 0; i < parts; ++i) {  // of whole row panels
    const std::int64_t first = panels * i / parts * tier.rows,
                       end = std::min(panels * (i + 1) / parts * tier.rows, x.rows);
    Product{tier, rows_of(x, first, end - first), w, rows_of(y, first, end - first), epilogue, transposed}.run();
  }
}

void matmul(const ConstMatrix& x, const PackedWeights& weights, const Matrix& y, Compute compute,
            const Epilogue& epilogue) {
  multiply(tier_for(compute), false, x, weights, y, epilogue);
}

void matmul_transposed(const ConstMatrix& x, const PackedWeights& weights, const Matrix& y, Compute compute,
                       const Epilogue& epilogue) {
  multiply(tier_for(compute), true, x, weights, y, epilogue);
}

}  // namespace aacft
