#include "aacft/kernels/matmul_int8.h"

#include <algorithm>
#include <cassert>

#include "aacft/base/memory.h"
#include "aacft/kernels/isa.h"
#include "kernels/blocks.h"
#include "kernels/int8_tier.h"
#include "kernels/vector/table.h"

namespace aacft {

AACFT_DECLARE_TABLE(Int8Table, int8_table)
AACFT_DECLARE_TABLE(MatmulTier, matmul_fp32)
#ifdef AACFT_X86
namespace avx512vnni {
extern const Int8Table int8_table;
}
#endif

namespace {

// Blocks of 16 outputs of a task: some, because its first lines come late.
constexpr std::int64_t kTaskBlocks = 8;
// Rounding fewer activations than this is not worth waking the threads.
constexpr std::int64_t kSerialValues = 32768;

const Int8Table& table() {
#ifdef AACFT_X86
  if (has_vnni()) return avx512vnni::int8_table;
#endif
  return AACFT_CHOOSE(int8_table);
}

// In memory: values, scales, sums.
Int8Rows round_rows(const Int8Table& table, const ConstMatrix& x, const WeightView& w, Scratch& scratch) {
  Int8Rows rounded{};
  rounded.unit = w.type == WeightType::kNf4 ? kNf4Unit : 1.0f;
  rounded.rows = x.rows;
  rounded.stride = w.in + kLineBytes;  // rows of 4,096 would all fall into the same lines of a cache
  rounded.groups = w.in / kInt8Group;
  const std::int64_t bytes = x.rows * rounded.stride, groups = x.rows * rounded.groups;
  std::byte* const memory = scratch.get(static_cast<std::size_t>(bytes + groups * 8));
  rounded.values = reinterpret_cast<std::int8_t*>(memory);
  rounded.scales = reinterpret_cast<float*>(memory + bytes);
  rounded.sums = reinterpret_cast<std::int32_t*>(memory + bytes + groups * 4);
  if (bytes <= kSerialValues) {
    for (std::int64_t i = 0; i < x.rows; ++i) table.round(x, i, rounded);
  } else {
    for_each_row(x.rows, w.in, [&](std::int64_t i) { table.round(x, i, rounded); });
  }
  return rounded;
}

}  // namespace

void multiply_int8(const Int8Table& table, const ConstMatrix& x, const PackedWeights& weights, const Matrix& y,
                   const Epilogue& epilogue) {
  assert(x.rows == y.rows && x.cols == weights.in() && y.cols == weights.out() && scale_group(weights.type()) > 0);
  const WeightView w{weights.values(), weights.scales(), weights.type(), weights.padded_out(), weights.padded_in()};
  thread_local Scratch scratch;
  const Int8Rows rounded = round_rows(table, x, w, scratch);
  const auto finish = AACFT_CHOOSE(matmul_fp32).finish;
  for_each_block(w.out / kBlockOutputs, kTaskBlocks, [&](std::int64_t block, std::int64_t blocks) {
    thread_local Scratch sums;
    float* const c = reinterpret_cast<float*>(sums.get(static_cast<std::size_t>(blocks * x.rows * kLineBytes)));
    table.multiply(rounded, w, block, blocks, c);
    for (std::int64_t i = 0; i < blocks; ++i) {
      const std::int64_t n = (block + i) * kBlockOutputs;
      Epilogue here = epilogue;
      if (here.bias != nullptr) here.bias += n;
      finish(c + i * x.rows * kBlockOutputs, kBlockOutputs, columns_of(y, n, std::min(kBlockOutputs, y.cols - n)),
             here);
    }
  });
}

void matmul_int8(const ConstMatrix& x, const PackedWeights& weights, const Matrix& y, const Epilogue& epilogue) {
  multiply_int8(table(), x, weights, y, epilogue);
}

}  // namespace aacft
