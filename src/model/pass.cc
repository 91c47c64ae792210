#include "aacft/model/pass.h"

#include <torch/types.h>

#include "aacft/base/threads.h"

namespace aacft {

Pass make_pass(std::span<const std::vector<std::int32_t>> sequences) {
  Pass pass;
  std::vector<std::int64_t> ids;
  for (const auto& sequence : sequences) {
    ids.insert(ids.end(), sequence.begin(), sequence.end());
    pass.offsets.push_back(static_cast<std::int64_t>(ids.size()));
  }
  pass.ids = torch::tensor(ids, torch::kInt64);
  return pass;
}

void for_each_sequence(const Pass& pass, const std::function<void(std::size_t)>& body) {
  parallel_for(pass.sequences(), [&](std::size_t i) {
    const at::NoGradGuard no_grad;
    body(i);
  });
}

}  // namespace aacft
