// Linears with their adapters, forward and backward, over the kernels. Weights that are trained themselves go through
// libtorch in fp32.
#pragma once

#include <torch/types.h>

#include "aacft/kernels/matmul.h"
#include "aacft/model/compute_context.h"
#include "aacft/model/config.h"
#include "aacft/model/linear.h"
#include "aacft/model/pass.h"

namespace aacft {

// A pass under way: what all its operations have in common.
struct OpContext {
  const Pass& pass;  // its rows and segments are those of the matrices; its adapters those of the linears
  Compute compute;
  ComputeContext& memory;
  bool int8_products = false;  // see ModelOptions

  // Activations rest in this type; the residual stream and its gradient are always fp32.
  Element element() const { return compute == Compute::kBf16 ? Element::kBf16 : Element::kFp32; }
};

// What a linear's gradient needs of its forward pass beyond its input: with DoRA, (W + scale BA) dropout(x).
struct LinearState {
  Buffer z;
};

// y = x W^T + bias and the adapters' parts; with `add`, y += all that. x: [rows, in], y: [rows, out]. `state` may be
// null where no gradient will be asked for.
void linear(const OpContext& context, const Matrix& x, const Linear& module, const Matrix& y, bool add,
            LinearState* state);

// From dy, the gradients of whatever the module and its adapters train, added to Parameter::grad; and dx = (or +=, with
// `add`) the gradient with respect to x, where dx is given. x is read only where needs_input().
void linear_backward(const OpContext& context, const Matrix& x, const Linear& module, const Matrix& dy,
                     const Matrix* dx, bool add, const LinearState& state);

// Whether the gradients of the module's own parameters, and its adapters', need its input again.
bool needs_input(const Linear& module, const Pass& pass);
// Whether the module, or an adapter of it, is trained.
bool trains(const Linear& module, const Pass& pass);
bool has_dora(const Linear& module, const Pass& pass);

// fp32 [rows, cols] over a matrix's own memory.
torch::Tensor tensor_over(const Matrix& matrix);
Matrix matrix_over(const torch::Tensor& tensor);

// libtorch and BLAS on one thread each: all parallelism is parallel_for's. Called before the first operation.
void use_one_thread_per_operation();

}  // namespace aacft
