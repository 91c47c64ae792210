#include "aacft/model/tensor_bridge.h"

#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/threads.h"
#include "aacft/formats/block_encoding.h"

namespace aacft {
namespace {

constexpr std::pair<Dtype, torch::ScalarType> kTypes[] = {
    {Dtype::kFloat32, torch::kFloat32}, {Dtype::kFloat16, torch::kFloat16}, {Dtype::kBFloat16, torch::kBFloat16},
    {Dtype::kFloat64, torch::kFloat64}, {Dtype::kInt64, torch::kInt64},     {Dtype::kInt32, torch::kInt32},
    {Dtype::kInt16, torch::kInt16},     {Dtype::kInt8, torch::kInt8},       {Dtype::kUint8, torch::kUInt8},
    {Dtype::kBool, torch::kBool}};

torch::Tensor decoded(const TensorView& view) {
  torch::Tensor tensor = torch::empty(view.shape, torch::kFloat32);
  const std::int64_t rows = view.shape[0], width = tensor.numel() / std::max<std::int64_t>(rows, 1);
  constexpr std::int64_t kRows = 64;
  parallel_for(static_cast<std::size_t>((rows + kRows - 1) / kRows), [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * kRows;
    read_rows(view, first, std::min(kRows, rows - first), tensor.data_ptr<float>() + first * width);
  });
  return tensor;
}

}  // namespace

torch::ScalarType scalar_type(Dtype dtype) {
  for (const auto& [ours, theirs] : kTypes)
    if (ours == dtype) return theirs;
  throw Error("no libtorch type for ", dtype_name(dtype));
}

torch::Tensor resident_tensor(const TensorView& view) {
  if (!view.plain()) return decoded(view);
  const torch::Tensor tensor =
      torch::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape, scalar_type(view.dtype));
  const bool aligned = reinterpret_cast<std::uintptr_t>(view.bytes.data()) % dtype_size(view.dtype) == 0;
  return aligned ? tensor : tensor.clone();
}

torch::Tensor widened_copy(const TensorView& view) { return resident_tensor(view).to(torch::kFloat32, false, true); }

TensorView view_of(const std::string& name, const torch::Tensor& tensor) {
  TORCH_INTERNAL_ASSERT(tensor.is_contiguous());
  for (const auto& [ours, theirs] : kTypes)
    if (theirs == tensor.scalar_type())
      return {name, ours, tensor.sizes().vec(), {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()}};
  throw Error("tensor ", name, " has a type that no file here can hold");
}

}  // namespace aacft
