#include "aacft/model/ops.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/types.h>

#include <array>
#include <functional>
#include <mutex>

#include "aacft/base/random.h"
#include "aacft/base/threads.h"
#include "aacft/kernels/low_rank.h"
#include "aacft/kernels/matmul_int8.h"
#include "aacft/model/lora.h"

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
    for (std::size_t i = 0; i < pass.segments(); ++i)
      put(pass.part(y, i).narrow(1, first, count), at::mm(pass.part(x, i), block), add);
  });
}

// y = x W.
void multiply(const Tensor& x, const Tensor& weight, const Pass& pass, const Tensor& y, bool add) {
  for_each_block(weight.size(1), [&](std::int64_t first, std::int64_t count) {
    const Tensor block = weight.narrow(1, first, count);
    for (std::size_t i = 0; i < pass.segments(); ++i)
      put(pass.part(y, i).narrow(1, first, count), at::mm(pass.part(x, i), block), add);
  });
}

// grad += dy^T x.
void add_weight_grad(const Tensor& grad, const Tensor& dy, const Tensor& x, const Pass& pass) {
  for_each_block(grad.size(0), [&](std::int64_t first, std::int64_t count) {
    Tensor block = grad.narrow(0, first, count);
    for (std::size_t i = 0; i < pass.segments(); ++i)
      block.add_(at::mm(pass.part(dy, i).narrow(1, first, count).t(), pass.part(x, i)));
  });
}

// grad += the sum of the rows, sequence by sequence.
void add_row_sums(const Tensor& grad, const Tensor& rows, const Pass& pass) {
  std::vector<Tensor> sums(pass.segments());
  for_each_segment(pass, [&](std::size_t i) { sums[i] = pass.part(rows, i).sum(0); });
  for (const Tensor& sum : sums) grad.add_(sum);
}

// ---- the weight itself, frozen or trained ----

// y (+)= x W^T + bias
void product(const OpContext& c, const Matrix& x, const Linear& module, const Matrix& y, bool add, const Tensor& bias) {
  if (!module.trained()) {
    const Epilogue epilogue{bias.defined() ? bias.data_ptr<float>() : nullptr, add};
    if (c.int8_products && scale_group(module.packed.type()) > 0) return matmul_int8(x, module.packed, y, epilogue);
    return matmul(x, module.packed, y, c.compute, epilogue);
  }
  Tensor result = tensor_over(y);
  multiply_transposed(tensor_over(x), module.weight.value, c.pass, result, add);
  if (bias.defined()) result.add_(bias);
}

// y (+)= x W
void product_transposed(const OpContext& c, const Matrix& x, const Linear& module, const Matrix& y, bool add) {
  if (!module.trained()) {
    matmul_transposed(x, module.packed, y, c.compute, {nullptr, add});
  } else {
    multiply(tensor_over(x), module.weight.value, c.pass, tensor_over(y), add);
  }
}

// ---- adapters ----

// Neighbouring segments of a pass in which the same module adapts a part of a linear.
struct Run {
  std::size_t first_segment = 0, segments = 0;
  std::int64_t first_row = 0, rows = 0;
  const LinearPart* part = nullptr;
  const LoraModule* lora = nullptr;

  Matrix rows_of(const Matrix& m) const { return aacft::rows_of(m, first_row, rows); }
  // Of the part's outputs.
  Matrix outputs_of(const Matrix& m) const { return columns_of(rows_of(m), part->first, part->out); }
};

template <typename Body>
void for_each_run(const Linear& module, const Pass& pass, const Body& body) {
  for (const LinearPart& part : module.parts)
    for (std::size_t i = 0; i < pass.segments();) {
      const LoraModule* lora = pass.adapters.module(i, part.target);
      std::size_t end = i + 1;
      while (end < pass.segments() && pass.adapters.module(end, part.target) == lora) ++end;
      if (lora != nullptr) body(Run{i, end - i, pass.offsets[i], pass.offsets[end] - pass.offsets[i], &part, lora});
      i = end;
    }
}

// Whether `is` holds for a module that adapts some of the linear.
template <typename Is>
bool any_module(const Linear& module, const Pass& pass, const Is& is) {
  bool any = false;
  for_each_run(module, pass, [&](const Run& run) { any = any || is(*run.lora); });
  return any;
}

const float* values(const Parameter& parameter) { return parameter.value.data_ptr<float>(); }

DropoutMask mask_of(const Run& run, const Pass& pass) {
  if (!pass.dropout || run.lora->dropout <= 0) return {};
  return {static_cast<float>(run.lora->dropout), pass.dropout->seed, pass.dropout->row_streams.data() + run.first_row,
          run.lora->target};
}

void add_lora(const OpContext& c, const Matrix& x, const Run& run, const Matrix& y) {
  const LoraModule& lora = *run.lora;
  const std::int64_t rank = lora.a.value.size(0);
  float* h = c.memory.low_rank.floats(run.rows * rank);
  low_rank_down(run.rows_of(x), mask_of(run, c.pass), values(lora.a), rank, h);
  low_rank_up(h, rank, values(lora.b), static_cast<float>(lora.scale), run.outputs_of(y));
}

void lora_backward(const OpContext& c, const Matrix& x, const Run& run, const Matrix& all_dy, const Matrix* dx) {
  const LoraModule& lora = *run.lora;
  const std::int64_t rank = lora.a.value.size(0);
  const DropoutMask mask = mask_of(run, c.pass);
  const auto scale = static_cast<float>(lora.scale);
  float *h = c.memory.low_rank.floats(run.rows * rank), *dh = c.memory.low_rank_gradient.floats(run.rows * rank);
  const Matrix dy = run.outputs_of(all_dy);
  low_rank_up_backward(dy, values(lora.b), rank, scale, dh);
  if (lora.a.trained()) {
    low_rank_down(run.rows_of(x), mask, values(lora.a), rank, h);
    low_rank_a_grad(dh, rank, run.rows_of(x), mask, lora.a.grad.data_ptr<float>());
    low_rank_b_grad(h, rank, dy, scale, lora.b.grad.data_ptr<float>());
  }
  if (dx != nullptr) low_rank_down_backward(dh, rank, mask, values(lora.a), run.rows_of(*dx));
}

// ---- DoRA, in fp32 and in no hurry ----
//
// With u = dropout(x), z = W u + scale B A u and g = magnitude / norm, it adds (g - 1) W u + g scale B A u to the plain
// linear: what PEFT computes, with and without dropout.

Tensor widened(const Matrix& x) { return tensor_over(x).to(torch::kFloat32, false, true); }

// The rows of one of a run's segments, of a tensor that has the run's rows.
Tensor segment_of(const Tensor& x, const Run& run, const Pass& pass, std::size_t i) {
  const std::size_t segment = run.first_segment + i;
  return x.narrow(0, pass.offsets[segment] - run.first_row, pass.length(segment));
}

// In parallel over the run's segments, as for_each_segment().
void for_each_segment_of(const Run& run, const std::function<void(std::size_t)>& body) {
  parallel_for(run.segments, [&](std::size_t i) {
    const at::NoGradGuard no_grad;
    body(i);
  });
}

// u is changed in place.
void drop(Tensor& u, const Run& run, const Pass& pass) {
  const DropoutMask mask = mask_of(run, pass);
  if (mask.p <= 0) return;
  for_each_segment_of(run, [&](std::size_t i) {
    Tensor factors = torch::empty({u.size(1)});
    const std::size_t segment = run.first_segment + i;
    for (std::int64_t row = pass.offsets[segment] - run.first_row; row < pass.offsets[segment + 1] - run.first_row;
         ++row) {
      const RandomStream random(mask.seed, Purpose::kDropout, mask.row_streams[row], mask.substream);
      random.fill_mask(factors.data_ptr<float>(), static_cast<std::size_t>(factors.numel()), mask.p);
      u[row].mul_(factors);
    }
  });
}

// As the run's rows alone, for products with the weight.
Pass pass_of(const Run& run, const Pass& pass) {
  Pass alone;
  for (std::size_t i = 0; i < run.segments; ++i)
    alone.offsets.push_back(pass.offsets[run.first_segment + i + 1] - run.first_row);
  return alone;
}

void add_dora(const OpContext& c, const Matrix& x, const Linear& module, const Run& run, const Matrix& y,
              LinearState* state) {
  const LoraModule& lora = *run.lora;
  Tensor u = widened(run.rows_of(x));
  drop(u, run, c.pass);
  Tensor whole = torch::empty({run.rows, module.out});
  const Pass alone = pass_of(run, c.pass);
  product({alone, c.compute, c.memory}, matrix_over(u), module, matrix_over(whole), false, {});
  Tensor z = whole.narrow(1, run.part->first, run.part->out);
  const Tensor gain = lora.magnitude.value / lora.norm;
  Tensor result = tensor_over(run.outputs_of(y));
  for_each_segment_of(run, [&](std::size_t i) {
    const Tensor u_i = segment_of(u, run, c.pass, i);
    Tensor z_i = segment_of(z, run, c.pass, i);
    const Tensor low = at::mm(at::mm(u_i, lora.a.value.t()), lora.b.value.t()).mul_(lora.scale);
    segment_of(result, run, c.pass, i).add_(z_i * (gain - 1) + low * gain);
    z_i.add_(low);
  });
  if (state != nullptr) tensor_over(run.outputs_of(state->z.get(y.rows, module.out, Element::kFp32))).copy_(z);
}

void dora_backward(const OpContext& c, const Matrix& x, const Linear& module, const Run& run, const Matrix& all_dy,
                   const Matrix* dx, const LinearState& state) {
  const LoraModule& lora = *run.lora;
  Tensor u = widened(run.rows_of(x));
  drop(u, run, c.pass);
  const Tensor dy = widened(run.outputs_of(all_dy)), gain = lora.magnitude.value / lora.norm;
  const Tensor z = tensor_over(run.outputs_of({state.z.data(), Element::kFp32, all_dy.rows, module.out, module.out}));
  Tensor du;
  if (dx != nullptr) {
    du = torch::empty_like(u);
    Tensor through_weight = torch::zeros({run.rows, module.out});
    through_weight.narrow(1, run.part->first, run.part->out).copy_(dy * (gain - 1));
    const Pass alone = pass_of(run, c.pass);
    product_transposed({alone, c.compute, c.memory}, matrix_over(through_weight), module, matrix_over(du), false);
  }
  std::vector<std::array<Tensor, 3>> grads(run.segments);
  for_each_segment_of(run, [&](std::size_t i) {
    const Tensor dy_i = segment_of(dy, run, c.pass, i), u_i = segment_of(u, run, c.pass, i),
                 dlow = dy_i * (gain * lora.scale);
    const Tensor dh = at::mm(dlow, lora.b.value);
    if (lora.a.trained())
      grads[i] = {at::mm(dh.t(), u_i), at::mm(dlow.t(), at::mm(u_i, lora.a.value.t())),
                  (dy_i * segment_of(z, run, c.pass, i)).sum(0) / lora.norm};
    if (dx != nullptr) segment_of(du, run, c.pass, i).add_(at::mm(dh, lora.a.value));
  });
  if (lora.a.trained())
    for (const auto& [a, b, magnitude] : grads)
      lora.a.grad.add_(a), lora.b.grad.add_(b), lora.magnitude.grad.add_(magnitude);
  if (dx == nullptr) return;
  drop(du, run, c.pass);
  tensor_over(run.rows_of(*dx)).add_(du);
}

}  // namespace

void linear(const OpContext& c, const Matrix& x, const Linear& module, const Matrix& y, bool add, LinearState* state) {
  product(c, x, module, y, add, module.bias.value);
  for_each_run(module, c.pass, [&](const Run& run) {
    run.lora->dora() ? add_dora(c, x, module, run, y, state) : add_lora(c, x, run, y);
  });
}

void linear_backward(const OpContext& c, const Matrix& x, const Linear& module, const Matrix& dy, const Matrix* dx,
                     bool add, const LinearState& state) {
  if (dx != nullptr) product_transposed(c, dy, module, *dx, add);
  if (module.trained()) {
    add_weight_grad(module.weight.grad, tensor_over(dy), tensor_over(x), c.pass);
    if (module.bias.trained()) add_row_sums(module.bias.grad, tensor_over(dy), c.pass);
  }
  for_each_run(module, c.pass, [&](const Run& run) {
    run.lora->dora() ? dora_backward(c, x, module, run, dy, dx, state) : lora_backward(c, x, run, dy, dx);
  });
}

bool needs_input(const Linear& module, const Pass& pass) {
  return module.trained() || any_module(module, pass, [](const LoraModule&) { return true; });
}

bool trains(const Linear& module, const Pass& pass) {
  return module.trained() || any_module(module, pass, [](const LoraModule& lora) { return lora.a.trained(); });
}

bool has_dora(const Linear& module, const Pass& pass) {
  return any_module(module, pass, [](const LoraModule& lora) { return lora.dora(); });
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
