#include "aacft/model/ops.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <cmath>
#include <mutex>

#include "aacft/base/threads.h"

namespace aacft {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Weights are widened, multiplied and shared out in blocks of this many rows or columns. A constant: a block's width
// may change the order of a sum inside BLAS, and results must depend on nothing but the data.
constexpr std::int64_t kBlock = 128;

std::int64_t blocks(std::int64_t size) { return (size + kBlock - 1) / kBlock; }

// Runs body(first, count) for blocks of 0 .. size - 1, in parallel.
template <typename Body>
void for_each_block(std::int64_t size, const Body& body) {
  parallel_for(static_cast<std::size_t>(blocks(size)), [&](std::size_t block) {
    const at::NoGradGuard no_grad;
    const std::int64_t first = static_cast<std::int64_t>(block) * kBlock;
    body(first, std::min(kBlock, size - first));
  });
}

// y = a b, written into a slice; a single row goes through the matrix-vector product, which need not pack b.
void multiply_into(Tensor y, const Tensor& a, const Tensor& b) {
  if (a.size(0) == 1) {
    y.select(0, 0).copy_(at::mv(b.t(), a.select(0, 0)));
  } else {
    at::mm_out(y, a, b);
  }
}

// Pointers travel through the autograd context as integers.
template <typename T>
std::int64_t to_saved(const T* pointer) {
  return reinterpret_cast<std::int64_t>(pointer);
}
template <typename T>
T* from_saved(AutogradContext* context, const char* key) {
  return reinterpret_cast<T*>(context->saved_data[key].toInt());
}

// What one sequence adds to the gradients of a module's parameters. Sequences compute theirs in parallel; add() then
// goes through them in order.
using Contributions = std::vector<std::vector<Tensor>>;

void add_in_order(const Contributions& contributions, std::initializer_list<Parameter*> parameters) {
  const at::NoGradGuard no_grad;
  for (const auto& contribution : contributions) {
    std::size_t k = 0;
    for (Parameter* parameter : parameters) {
      const Tensor& part = contribution[k++];
      if (parameter->trained() && part.defined()) parameter->grad.add_(part);
    }
  }
}

// ---- frozen or trained linear ----

class LinearFunction : public Function<LinearFunction> {
 public:
  // `anchor` is the weight where it is trained, so that the graph exists although gradients bypass it.
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& anchor, const Linear* module, const Pass* pass) {
    context->saved_data["module"] = to_saved(module);
    context->saved_data["pass"] = to_saved(pass);
    if (anchor.requires_grad()) context->save_for_backward({x});
    Tensor y = multiply_transposed(x, module->weight.value, *pass);
    if (module->bias.value.defined()) y.add_(module->bias.value);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    auto* module = from_saved<Linear>(context, "module");
    auto* pass = from_saved<const Pass>(context, "pass");
    const Tensor dy = grads[0].contiguous();
    if (module->weight.trained()) {
      const Tensor x = context->get_saved_variables()[0];
      accumulate_weight_grad(module->weight.grad, dy, x, *pass);
      if (module->bias.trained()) {
        Contributions contributions(pass->sequences());
        for_each_sequence(*pass, [&](std::size_t i) { contributions[i] = {pass->part(dy, i).sum(0)}; });
        add_in_order(contributions, {&module->bias});
      }
    }
    Tensor dx;
    if (context->needs_input_grad(0)) dx = multiply(dy, module->weight.value, *pass);
    return {dx, Tensor(), Tensor(), Tensor()};
  }
};

// ---- adapters ----

// fp32 [rows of the sequence, columns]: 0 or 1 / (1 - p). Undefined where nothing is dropped.
Tensor dropout_mask(const Pass& pass, std::size_t sequence, const LoraModule& lora, std::int64_t columns) {
  if (!pass.dropout || lora.dropout <= 0) return {};
  const RandomStream random(pass.dropout->seed, Purpose::kDropout,
                            (pass.dropout->step << 24) ^ pass.dropout->samples[sequence], lora.id);
  Tensor mask = torch::empty({pass.length(sequence), columns});
  random.fill_mask(mask.data_ptr<float>(), static_cast<std::size_t>(mask.numel()), static_cast<float>(lora.dropout));
  return mask;
}

Tensor masked(const Tensor& x, const Tensor& mask) { return mask.defined() ? x * mask : x; }

// scale * B A dropout(x)
class LoraFunction : public Function<LoraFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& anchor, LoraModule* lora, const Pass* pass) {
    context->saved_data["lora"] = to_saved(lora);
    context->saved_data["pass"] = to_saved(pass);
    if (anchor.requires_grad()) context->save_for_backward({x});
    Tensor y = torch::empty({x.size(0), lora->b.value.size(0)});
    for_each_sequence(*pass, [&](std::size_t i) {
      const Tensor u = masked(pass->part(x, i), dropout_mask(*pass, i, *lora, x.size(1)));
      pass->part(y, i).copy_(at::mm(at::mm(u, lora->a.value.t()), lora->b.value.t()).mul_(lora->scale));
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    auto* lora = from_saved<LoraModule>(context, "lora");
    auto* pass = from_saved<const Pass>(context, "pass");
    const Tensor x = context->get_saved_variables()[0];
    const Tensor dy = grads[0].contiguous();
    Tensor dx;
    if (context->needs_input_grad(0)) dx = torch::empty_like(x);
    Contributions contributions(pass->sequences());
    for_each_sequence(*pass, [&](std::size_t i) {
      const Tensor mask = dropout_mask(*pass, i, *lora, x.size(1));
      const Tensor u = masked(pass->part(x, i), mask);
      const Tensor dy_scaled = pass->part(dy, i) * lora->scale;
      const Tensor dh = at::mm(dy_scaled, lora->b.value);
      contributions[i] = {at::mm(dh.t(), u), at::mm(dy_scaled.t(), at::mm(u, lora->a.value.t()))};
      if (dx.defined()) pass->part(dx, i).copy_(masked(at::mm(dh, lora->a.value), mask));
    });
    add_in_order(contributions, {&lora->a, &lora->b});
    return {dx, Tensor(), Tensor(), Tensor()};
  }
};

// What DoRA adds to the plain linear, with u = dropout(x), z = W u + scale B A u and g = magnitude / norm:
// without dropout (g - 1) W x + g scale B A x, which is what PEFT computes; with dropout PEFT takes W u there too.
class DoraFunction : public Function<DoraFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& anchor, const Linear* module, const Pass* pass) {
    LoraModule* lora = module->lora;
    context->saved_data["module"] = to_saved(module);
    context->saved_data["pass"] = to_saved(pass);
    const Tensor u = dropped(x, *lora, *pass);
    const Tensor wu = multiply_transposed(u, module->weight.value, *pass);
    const Tensor gain = lora->magnitude.value / lora->norm;
    Tensor y = torch::empty_like(wu), z = torch::empty_like(wu);
    for_each_sequence(*pass, [&](std::size_t i) {
      const Tensor low = at::mm(at::mm(pass->part(u, i), lora->a.value.t()), lora->b.value.t()).mul_(lora->scale);
      pass->part(y, i).copy_(pass->part(wu, i) * (gain - 1) + low * gain);
      pass->part(z, i).copy_(pass->part(wu, i) + low);
    });
    if (anchor.requires_grad()) context->save_for_backward({x, z});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    auto* module = from_saved<const Linear>(context, "module");
    auto* pass = from_saved<const Pass>(context, "pass");
    LoraModule* lora = module->lora;
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &z = saved[1];
    const Tensor dy = grads[0].contiguous();
    const Tensor gain = lora->magnitude.value / lora->norm;
    const bool below = context->needs_input_grad(0);
    Tensor du, through_weight;
    if (below) {
      through_weight = torch::empty_like(dy);
      for_each_sequence(*pass, [&](std::size_t i) { pass->part(through_weight, i).copy_(pass->part(dy, i) * (gain - 1)); });
      du = multiply(through_weight, module->weight.value, *pass);
    }
    Contributions contributions(pass->sequences());
    for_each_sequence(*pass, [&](std::size_t i) {
      const Tensor mask = dropout_mask(*pass, i, *lora, x.size(1));
      const Tensor u = masked(pass->part(x, i), mask);
      const Tensor dy_i = pass->part(dy, i), dlow = dy_i * (gain * lora->scale);
      const Tensor dh = at::mm(dlow, lora->b.value);
      contributions[i] = {at::mm(dh.t(), u), at::mm(dlow.t(), at::mm(u, lora->a.value.t())),
                          (dy_i * pass->part(z, i)).sum(0) / lora->norm};
      if (below) {
        Tensor du_i = pass->part(du, i);
        du_i.add_(at::mm(dh, lora->a.value));
        if (mask.defined()) du_i.mul_(mask);
      }
    });
    add_in_order(contributions, {&lora->a, &lora->b, &lora->magnitude});
    return {du, Tensor(), Tensor(), Tensor()};
  }

 private:
  static Tensor dropped(const Tensor& x, const LoraModule& lora, const Pass& pass) {
    if (!pass.dropout || lora.dropout <= 0) return x;
    Tensor u = torch::empty_like(x);
    for_each_sequence(pass, [&](std::size_t i) {
      pass.part(u, i).copy_(masked(pass.part(x, i), dropout_mask(pass, i, lora, x.size(1))));
    });
    return u;
  }
};

// ---- layer norm ----

class LayerNormFunction : public Function<LayerNormFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& /*anchor*/, const LayerNorm* module, double eps,
                        const Pass* pass) {
    context->saved_data["module"] = to_saved(module);
    context->saved_data["pass"] = to_saved(pass);
    Tensor y = torch::empty_like(x), mean = torch::empty({x.size(0), 1}), rstd = torch::empty({x.size(0), 1});
    for_each_sequence(*pass, [&](std::size_t i) {
      const auto [y_i, mean_i, rstd_i] =
          at::native_layer_norm(pass->part(x, i), {x.size(1)}, module->weight.value, module->bias.value, eps);
      pass->part(y, i).copy_(y_i);
      pass->part(mean, i).copy_(mean_i);
      pass->part(rstd, i).copy_(rstd_i);
    });
    context->save_for_backward({x, mean, rstd});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    auto* module = from_saved<LayerNorm>(context, "module");
    auto* pass = from_saved<const Pass>(context, "pass");
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &mean = saved[1], &rstd = saved[2];
    const Tensor dy = grads[0].contiguous();
    const bool below = context->needs_input_grad(0), trained = module->weight.trained();
    Tensor dx;
    if (below) dx = torch::empty_like(x);
    Contributions contributions(pass->sequences());
    for_each_sequence(*pass, [&](std::size_t i) {
      const auto [dx_i, dweight, dbias] = at::native_layer_norm_backward(
          pass->part(dy, i), pass->part(x, i), {x.size(1)}, pass->part(mean, i), pass->part(rstd, i), module->weight.value,
          module->bias.value, {below, trained, trained});
      if (below) pass->part(dx, i).copy_(dx_i);
      contributions[i] = {dweight, dbias};
    });
    if (trained) add_in_order(contributions, {&module->weight, &module->bias});
    return {dx, Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

// ---- gelu ----

class GeluFunction : public Function<GeluFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, bool tanh, const Pass* pass) {
    context->saved_data["tanh"] = tanh;
    context->saved_data["pass"] = to_saved(pass);
    context->save_for_backward({x});
    Tensor y = torch::empty_like(x);
    for_each_sequence(*pass, [&](std::size_t i) { pass->part(y, i).copy_(at::gelu(pass->part(x, i), tanh ? "tanh" : "none")); });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    auto* pass = from_saved<const Pass>(context, "pass");
    const bool tanh = context->saved_data["tanh"].toBool();
    const Tensor x = context->get_saved_variables()[0];
    const Tensor dy = grads[0].contiguous();
    Tensor dx = torch::empty_like(x);
    for_each_sequence(*pass, [&](std::size_t i) {
      pass->part(dx, i).copy_(at::gelu_backward(pass->part(dy, i), pass->part(x, i), tanh ? "tanh" : "none"));
    });
    return {dx, Tensor(), Tensor()};
  }
};

// ---- attention ----

Tensor rotate_half(const Tensor& x) {
  const std::int64_t half = x.size(-1) / 2;
  return at::cat({-x.narrow(-1, half, half), x.narrow(-1, 0, half)}, -1);
}

// x: [heads, rows, head_dim], whose first row stands at position `first`.
Tensor rotated(const Tensor& x, const RotaryTable& rotary, std::int64_t first) {
  const std::int64_t dims = rotary.cos.size(1), rest = x.size(-1) - dims;
  if (dims == 0) return x;
  const Tensor cos = rotary.cos.narrow(0, first, x.size(1)), sin = rotary.sin.narrow(0, first, x.size(1));
  const Tensor turning = x.narrow(-1, 0, dims);
  const Tensor turned = turning * cos + rotate_half(turning) * sin;
  return rest == 0 ? turned : at::cat({turned, x.narrow(-1, dims, rest)}, -1);
}

// One sequence. qkv: [rows, 3 * hidden] -> [rows, hidden]. With a cache, the rows follow what it holds.
Tensor attention_of_one(const Tensor& qkv, const RotaryTable& rotary, std::int64_t heads, KvCache* cache, std::size_t layer) {
  const std::int64_t rows = qkv.size(0), head_dim = qkv.size(1) / heads / 3;
  const std::int64_t past = cache != nullptr ? cache->length : 0;
  const auto parts = qkv.view({rows, heads, 3 * head_dim}).transpose(0, 1).split(head_dim, -1);
  const Tensor q = rotated(parts[0], rotary, past);
  Tensor k = rotated(parts[1], rotary, past), v = parts[2];
  if (cache != nullptr) {
    cache->keys[layer].narrow(1, past, rows).copy_(k);
    cache->values[layer].narrow(1, past, rows).copy_(v);
    k = cache->keys[layer].narrow(1, 0, past + rows);
    v = cache->values[layer].narrow(1, 0, past + rows);
  }
  Tensor scores = at::matmul(q, k.transpose(1, 2)) * (1.0 / std::sqrt(static_cast<double>(head_dim)));
  if (rows > 1) {
    const Tensor future = at::ones({rows, past + rows}, torch::kBool).triu(past + 1);
    scores = scores.masked_fill(future, -std::numeric_limits<float>::infinity());
  }
  return at::matmul(at::softmax(scores, -1), v).transpose(0, 1).reshape({rows, heads * head_dim});
}

class AttentionFunction : public Function<AttentionFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& qkv, const RotaryTable* rotary, std::int64_t heads,
                        const Pass* pass, std::int64_t layer) {
    context->saved_data["rotary"] = to_saved(rotary);
    context->saved_data["heads"] = heads;
    context->saved_data["pass"] = to_saved(pass);
    context->save_for_backward({qkv});
    Tensor y = torch::empty({qkv.size(0), qkv.size(1) / 3});
    for_each_sequence(*pass, [&](std::size_t i) {
      KvCache* cache = pass->caches.empty() ? nullptr : pass->caches[i];
      pass->part(y, i).copy_(attention_of_one(pass->part(qkv, i), *rotary, heads, cache, static_cast<std::size_t>(layer)));
    });
    return y;
  }

  // Computes each sequence's scores again and lets autograd differentiate them: nothing of rows x rows is kept.
  static variable_list backward(AutogradContext* context, variable_list grads) {
    auto* rotary = from_saved<const RotaryTable>(context, "rotary");
    auto* pass = from_saved<const Pass>(context, "pass");
    const std::int64_t heads = context->saved_data["heads"].toInt();
    const Tensor qkv = context->get_saved_variables()[0];
    const Tensor dy = grads[0].contiguous();
    Tensor dqkv = torch::empty_like(qkv);
    for_each_sequence(*pass, [&](std::size_t i) {
      Tensor leaf = pass->part(qkv, i).detach().requires_grad_();
      {
        const at::AutoGradMode record(true);
        const Tensor y = attention_of_one(leaf, *rotary, heads, nullptr, 0);
        torch::autograd::backward({y}, {pass->part(dy, i)});
      }
      pass->part(dqkv, i).copy_(leaf.grad());
    });
    return {dqkv, Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

// Keeps an operation in the graph where its weight is trained; libtorch wants a tensor where it is not, too.
Tensor anchor_of(const Parameter& parameter) {
  static const Tensor none = torch::empty({0});
  return parameter.trained() ? parameter.value : none;
}

}  // namespace

Tensor multiply_transposed(const Tensor& x, const Tensor& weight, const Pass& pass) {
  Tensor y = torch::empty({x.size(0), weight.size(0)});
  for_each_block(weight.size(0), [&](std::int64_t first, std::int64_t count) {
    const Tensor block = weight.narrow(0, first, count).to(torch::kFloat32).t();
    for (std::size_t i = 0; i < pass.sequences(); ++i)
      multiply_into(pass.part(y, i).narrow(1, first, count), pass.part(x, i), block);
  });
  return y;
}

Tensor multiply(const Tensor& x, const Tensor& weight, const Pass& pass) {
  Tensor y = torch::empty({x.size(0), weight.size(1)});
  for_each_block(weight.size(1), [&](std::int64_t first, std::int64_t count) {
    const Tensor block = weight.narrow(1, first, count).to(torch::kFloat32);
    for (std::size_t i = 0; i < pass.sequences(); ++i)
      multiply_into(pass.part(y, i).narrow(1, first, count), pass.part(x, i), block);
  });
  return y;
}

void accumulate_weight_grad(Tensor& weight_grad, const Tensor& dy, const Tensor& x, const Pass& pass) {
  for_each_block(weight_grad.size(0), [&](std::int64_t first, std::int64_t count) {
    Tensor block = weight_grad.narrow(0, first, count);
    for (std::size_t i = 0; i < pass.sequences(); ++i)
      block.add_(at::mm(pass.part(dy, i).narrow(1, first, count).t(), pass.part(x, i)));
  });
}

Tensor linear(const Tensor& x, const Linear& module, const Pass& pass) {
  const Tensor y = LinearFunction::apply(x, anchor_of(module.weight), &module, &pass);
  if (module.lora == nullptr) return y;
  const Tensor anchor = anchor_of(module.lora->a);
  return y + (module.lora->dora() ? DoraFunction::apply(x, anchor, &module, &pass)
                                  : LoraFunction::apply(x, anchor, module.lora, &pass));
}

Tensor layer_norm(const Tensor& x, const LayerNorm& module, double eps, const Pass& pass) {
  return LayerNormFunction::apply(x, anchor_of(module.weight), &module, eps, &pass);
}

Tensor gelu(const Tensor& x, Activation activation, const Pass& pass) {
  return GeluFunction::apply(x, activation == Activation::kGeluTanh, &pass);
}

RotaryTable make_rotary_table(const ModelConfig& config) {
  const std::int64_t dims = config.rotary_dims();
  const Tensor exponents = torch::arange(0, dims, 2).to(torch::kFloat32) / static_cast<float>(std::max<std::int64_t>(dims, 1));
  const Tensor frequencies = 1.0 / at::pow(static_cast<float>(config.rotary_base), exponents);
  const Tensor angles = torch::arange(config.max_positions).to(torch::kFloat32).unsqueeze(1) * frequencies.unsqueeze(0);
  const Tensor both = at::cat({angles, angles}, -1);
  return {both.cos(), both.sin()};
}

Tensor attention(const Tensor& qkv, const RotaryTable& rotary, std::int64_t num_heads, const Pass& pass, std::size_t layer) {
  return AttentionFunction::apply(qkv, &rotary, num_heads, &pass, static_cast<std::int64_t>(layer));
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
