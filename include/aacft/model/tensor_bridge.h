// Between the formats' tensor views and libtorch's tensors.
#pragma once

#include <torch/types.h>

#include "aacft/formats/tensor.h"

namespace aacft {

torch::ScalarType scalar_type(Dtype dtype);

// Over the view's own bytes where they are plain and aligned, else a copy: fp32, where they are not plain. The bytes
// must outlive it.
torch::Tensor resident_tensor(const TensorView& view);
torch::Tensor widened_copy(const TensorView& view);  // fp32, owning

// Over a contiguous tensor's bytes, which must outlive it.
TensorView view_of(const std::string& name, const torch::Tensor& tensor);

}  // namespace aacft
