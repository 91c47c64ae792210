#include "aacft/model/lora.h"

#include <sys/mman.h>

#include <algorithm>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"

namespace aacft {
namespace {

using torch::Tensor;

// Rows of a weight that are widened at a time, a constant so that results do not depend on the threads.
constexpr std::int64_t kRows = 256;

// Where OpenBLAS gets no memory for its buffers, it asks for ever.
void require_room_for_blas() {
  constexpr std::size_t kBuffers = std::size_t{512} << 20;
  static const bool room = [] {
    void* const tried = ::mmap(nullptr, kBuffers, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return tried != MAP_FAILED && ::munmap(tried, kBuffers) == 0;
  }();
  if (!room)
    throw Error("the limit on this process's address space (ulimit -v) leaves no room for matrix products; it must be ",
                human_bytes(kBuffers), " larger");
}

// fp32: rows first .. of W + scale BA, given those rows of W.
Tensor plain_merged_rows(const Tensor& rows, const LoraModule& module, std::int64_t first) {
  require_room_for_blas();
  const Tensor delta = at::mm(module.b.value.narrow(0, first, rows.size(0)), module.a.value);
  return delta.mul_(module.scale).add_(rows.to(torch::kFloat32));
}

}  // namespace

void LoraModule::train() {
  make_trained(a);
  make_trained(b);
  if (dora()) make_trained(magnitude);
}

Tensor merged_rows(const Tensor& rows, const LoraModule& module, std::int64_t first) {
  const at::NoGradGuard no_grad;
  Tensor merged = plain_merged_rows(rows, module, first);
  if (module.dora())
    merged.mul_((module.magnitude.value.narrow(0, first, rows.size(0)) / merged.norm(2, 1)).unsqueeze(1));
  return merged;
}

Tensor dora_norm(const Linear& linear, const LinearPart& part, const LoraModule& module) {
  Tensor norm = torch::empty({part.out});
  const std::int64_t blocks = (part.out + kRows - 1) / kRows;
  parallel_for(static_cast<std::size_t>(blocks), [&](std::size_t block) {
    const at::NoGradGuard no_grad;
    const std::int64_t first = static_cast<std::int64_t>(block) * kRows;
    const std::int64_t count = std::min(kRows, part.out - first);
    const Tensor rows = weight_rows(linear, part.first + first, count);
    norm.narrow(0, first, count).copy_(plain_merged_rows(rows, module, first).norm(2, 1));
  });
  return norm;
}

}  // namespace aacft
