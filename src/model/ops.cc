#include "aacft/model/ops.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/types.h>

#include <array>
#include <mutex>

#include "aacft/base/random.h"
#include "aacft/base/threads.h"
#include "aacft/kernels/low_rank.h"

namespace aacft {
namespace {

using torch::Tensor;

// ---- trained weights ----

// Weights are multiplied and shared out in blocks of this many rows or columns. A constant: a block's width may change
// the order of a sum inside BLAS, and results must depend on nothing but the data.
constexpr std::int64_t kBlock = 128;

// Runs body(first, count) for blocks of 0 .. size - 1, in parallel.
template <typename Body>
void for_each_block(std::int64_t size, const Body& body) {
  parallel_for(static_cast<std::size_t>((size + kBlock - 1) / kBlock), [&](std::size_t block) {
    const at::NoGradGuard no_grad;
    const std::int64_t first = static_cast<std::int64_t>(block) * kBlock;
    body(first, std::min(kBlock, size - first));
  });
}

void put(Tensor y, const Tensor& value, bool add) { add ? y.add_(value) : y.copy_(value); }

// y = x W^T, sequence by sequence.
void multiply_transposed(const Tensor& x, const Tensor& weight, const Pass& pass, const Tensor& y, bool add) {
  for_each_block(weight.size(0), [&](std::int64_t first, std::int64_t count) {
    const Tensor block = weight.narrow(0, first, count).t();
    for (std::size_t i = 0; i < pass.sequences(); ++i)
      put(pass.part(y, i).narrow(1, first, count), at::mm(pass.part(x, i), block), add);
  });
}

// y = x W.
void multiply(const Tensor& x, const Tensor& weight, const Pass& pass, const Tensor& y, bool add) {
  for_each_block(weight.size(1), [&](std::int64_t first, std::int64_t count) {
    const Tensor block = weight.narrow(1, first, count);
    for (std::size_t i = 0; i < pass.sequences(); ++i)
      put(pass.part(y, i).narrow(1, first, count), at::mm(pass.part(x, i), block), add);
  });
}

// grad += dy^T x.
void add_weight_grad(Tensor& grad, const Tensor& dy, const Tensor& x, const Pass& pass) {
  for_each_block(grad.size(0), [&](std::int64_t first, std::int64_t count) {
    Tensor block = grad.narrow(0, first, count);
    for (std::size_t i = 0; i < pass.sequences(); ++i)
      block.add_(at::mm(pass.part(dy, i).narrow(1, first, count).t(), pass.part(x, i)));
  });
}

// grad += the sum of the rows, sequence by sequence.
void add_row_sums(Tensor& grad, const Tensor& rows, const Pass& pass) {
  std::vector<Tensor> sums(pass.sequences());
  for_each_sequence(pass, [&](std::size_t i) { sums[i] = pass.part(rows, i).sum(0); });
  for (const Tensor& sum : sums) grad.add_(sum);
}

// ---- the weight itself, frozen or trained ----

// y (+)= x W^T + bias
void product(const Matrix& x, const Linear& module, const Pass& pass, Compute compute, const Matrix& y, bool add,
             const Tensor& bias) {
  if (!module.weight.trained()) {
    matmul(x, module.packed, y, compute, {bias.defined() ? bias.data_ptr<float>() : nullptr, add});
    return;
  }
  Tensor result = tensor_over(y);
  multiply_transposed(tensor_over(x), module.weight.value, pass, result, add);
  if (bias.defined()) result.add_(bias);
}

// y (+)= x W
void product_transposed(const Matrix& x, const Linear& module, const Pass& pass, Compute compute, const Matrix& y,
                        bool add) {
  if (!module.weight.trained()) {
    matmul_transposed(x, module.packed, y, compute, {nullptr, add});
  } else {
    multiply(tensor_over(x), module.weight.value, pass, tensor_over(y), add);
  }
}

// ---- adapters ----

const float* values(const Parameter& parameter) { return parameter.value.data_ptr<float>(); }

DropoutMask mask_of(const LoraModule& lora, const Pass& pass) {
  if (!pass.dropout || lora.dropout <= 0) return {};
  return {static_cast<float>(lora.dropout), pass.dropout->seed, pass.dropout->row_streams.data(), lora.id};
}

// fp32 [rows, rank], for one module after another.
float* low_rank_scratch(std::int64_t count, int which) {
  static Buffer buffers[2];
  return buffers[which].floats(count);
}

void add_lora(const Matrix& x, const LoraModule& lora, const Pass& pass, const Matrix& y) {
  const std::int64_t rank = lora.a.value.size(0);
  float* h = low_rank_scratch(x.rows * rank, 0);
  low_rank_down(x, mask_of(lora, pass), values(lora.a), rank, h);
  low_rank_up(h, rank, values(lora.b), static_cast<float>(lora.scale), y);
}

void lora_backward(const Matrix& x, LoraModule& lora, const Pass& pass, const Matrix& dy, const Matrix* dx) {
  const std::int64_t rank = lora.a.value.size(0);
  const DropoutMask mask = mask_of(lora, pass);
  const auto scale = static_cast<float>(lora.scale);
  float *h = low_rank_scratch(dy.rows * rank, 0), *dh = low_rank_scratch(dy.rows * rank, 1);
  low_rank_up_backward(dy, values(lora.b), rank, scale, dh);
  if (lora.a.trained()) {
    low_rank_down(x, mask, values(lora.a), rank, h);
    low_rank_a_grad(dh, rank, x, mask, lora.a.grad.data_ptr<float>());
    low_rank_b_grad(h, rank, dy, scale, lora.b.grad.data_ptr<float>());
  }
  if (dx != nullptr) low_rank_down_backward(dh, rank, mask, values(lora.a), *dx);
}

// ---- DoRA, in fp32 and in no hurry ----
//
// With u = dropout(x), z = W u + scale B A u and g = magnitude / norm, it adds (g - 1) W u + g scale B A u to the plain
// linear: what PEFT computes, with and without dropout.

Tensor widened(const Matrix& x) { return tensor_over(x).to(torch::kFloat32, false, true); }

// u is changed in place.
void drop(Tensor& u, const LoraModule& lora, const Pass& pass) {
  const DropoutMask mask = mask_of(lora, pass);
  if (mask.p <= 0) return;
  for_each_sequence(pass, [&](std::size_t i) {
    Tensor factors = torch::empty({u.size(1)});
    for (std::int64_t row = pass.offsets[i]; row < pass.offsets[i + 1]; ++row) {
      const RandomStream random(mask.seed, Purpose::kDropout, mask.row_streams[row], mask.substream);
      random.fill_mask(factors.data_ptr<float>(), static_cast<std::size_t>(factors.numel()), mask.p);
      u[row].mul_(factors);
    }
  });
}

void add_dora(const Matrix& x, const Linear& module, const Pass& pass, Compute compute, const Matrix& y,
              LinearState* state) {
  const LoraModule& lora = *module.lora;
  Tensor u = widened(x);
  drop(u, lora, pass);
  Tensor z = torch::empty({x.rows, module.out()});
  product(matrix_over(u), module, pass, compute, matrix_over(z), false, {});
  const Tensor gain = lora.magnitude.value / lora.norm;
  Tensor result = tensor_over(y);
  for_each_sequence(pass, [&](std::size_t i) {
    const Tensor low = at::mm(at::mm(pass.part(u, i), lora.a.value.t()), lora.b.value.t()).mul_(lora.scale);
    pass.part(result, i).add_(pass.part(z, i) * (gain - 1) + low * gain);
    pass.part(z, i).add_(low);
  });
  if (state != nullptr) tensor_over(state->z.get(z.size(0), z.size(1), Element::kFp32)).copy_(z);
}

void dora_backward(const Matrix& x, const Linear& module, const Pass& pass, Compute compute, const Matrix& dy_given,
                   const Matrix* dx, const LinearState& state) {
  LoraModule& lora = *module.lora;
  Tensor u = widened(x);
  drop(u, lora, pass);
  const Tensor dy = widened(dy_given), gain = lora.magnitude.value / lora.norm;
  const Tensor z = tensor_over({state.z.data(), Element::kFp32, dy.size(0), dy.size(1), dy.size(1)});
  Tensor du;
  if (dx != nullptr) {
    du = torch::empty_like(u);
    const Tensor through_weight = dy * (gain - 1);
    product_transposed(matrix_over(through_weight), module, pass, compute, matrix_over(du), false);
  }
  std::vector<std::array<Tensor, 3>> grads(pass.sequences());
  for_each_sequence(pass, [&](std::size_t i) {
    const Tensor dy_i = pass.part(dy, i), u_i = pass.part(u, i), dlow = dy_i * (gain * lora.scale);
    const Tensor dh = at::mm(dlow, lora.b.value);
    if (lora.a.trained())
      grads[i] = {at::mm(dh.t(), u_i), at::mm(dlow.t(), at::mm(u_i, lora.a.value.t())),
                  (dy_i * pass.part(z, i)).sum(0) / lora.norm};
    if (dx != nullptr) pass.part(du, i).add_(at::mm(dh, lora.a.value));
  });
  if (lora.a.trained())
    for (const auto& [a, b, magnitude] : grads)
      lora.a.grad.add_(a), lora.b.grad.add_(b), lora.magnitude.grad.add_(magnitude);
  if (dx == nullptr) return;
  drop(du, lora, pass);
  tensor_over(*dx).add_(du);
}

}  // namespace

void linear(const Matrix& x, const Linear& module, const Pass& pass, Compute compute, const Matrix& y, bool add,
            LinearState* state) {
  product(x, module, pass, compute, y, add, module.bias.value);
  if (module.lora == nullptr) return;
  if (module.lora->dora()) {
    add_dora(x, module, pass, compute, y, state);
  } else {
    add_lora(x, *module.lora, pass, y);
  }
}

void linear_backward(const Matrix& x, Linear& module, const Pass& pass, Compute compute, const Matrix& dy,
                     const Matrix* dx, bool add, const LinearState& state) {
  if (dx != nullptr) product_transposed(dy, module, pass, compute, *dx, add);
  if (module.weight.trained()) {
    add_weight_grad(module.weight.grad, tensor_over(dy), tensor_over(x), pass);
    if (module.bias.trained()) add_row_sums(module.bias.grad, tensor_over(dy), pass);
  }
  if (module.lora == nullptr) return;
  if (module.lora->dora()) {
    dora_backward(x, module, pass, compute, dy, dx, state);
  } else {
    lora_backward(x, *module.lora, pass, dy, dx);
  }
}

bool needs_input(const Linear& module) { return module.weight.trained() || module.lora != nullptr; }

RotaryTable make_rotary_table(const ModelConfig& config) {
  const std::int64_t dims = config.rotary_dims();
  const Tensor exponents =
      torch::arange(0, dims, 2).to(torch::kFloat32) / static_cast<float>(std::max<std::int64_t>(dims, 1));
  const Tensor frequencies = 1.0 / at::pow(static_cast<float>(config.rotary_base), exponents);
  const Tensor angles = torch::arange(config.max_positions).to(torch::kFloat32).unsqueeze(1) * frequencies.unsqueeze(0);
  return {angles.cos(), angles.sin()};
}

Tensor tensor_over(const Matrix& matrix) {
  const auto type = matrix.element == Element::kFp32 ? torch::kFloat32 : torch::kBFloat16;
  return torch::from_blob(matrix.data, {matrix.rows, matrix.cols}, {matrix.stride, 1}, type);
}

Matrix matrix_over(const Tensor& tensor) {
  return {tensor.data_ptr(), tensor.scalar_type() == torch::kFloat32 ? Element::kFp32 : Element::kBf16, tensor.size(0),
          tensor.size(1), tensor.stride(0)};
}

void use_one_thread_per_operation() {
  static std::once_flag once;
  std::call_once(once, [] {
    at::set_num_threads(1);
    // OpenBLAS has threads of its own; other BLAS libraries follow libtorch's setting.
    if (void* symbol = ::dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<void (*)(int)>(symbol)(1);
  });
}

}  // namespace aacft
