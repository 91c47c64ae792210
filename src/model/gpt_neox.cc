#include "aacft/model/gpt_neox.h"

#include <torch/types.h>

#include <algorithm>
#include <cstdint>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/model/tensor_bridge.h"

namespace aacft {
namespace {

using torch::Tensor;

std::string layer_prefix(std::int64_t index) { return "gpt_neox.layers." + std::to_string(index) + "."; }

bool ends_with(const std::string& text, const std::string& ending) {
  return text.size() >= ending.size() && text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

// "a, b, c and 4 more"
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > 8) text += " and " + std::to_string(names.size() - 8) + " more";
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::vector<std::int64_t>>> expected_tensors(const ModelConfig& c) {
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> tensors;
  const auto add_linear = [&](const std::string& name, std::int64_t out, std::int64_t in, bool bias) {
    tensors.push_back({name + ".weight", {out, in}});
    if (bias) tensors.push_back({name + ".bias", {out}});
  };
  const auto add_norm = [&](const std::string& name) {
    tensors.push_back({name + ".weight", {c.hidden_size}});
    tensors.push_back({name + ".bias", {c.hidden_size}});
  };
  tensors.push_back({"gpt_neox.embed_in.weight", {c.vocab_size, c.hidden_size}});
  for (std::int64_t i = 0; i < c.num_layers; ++i) {
    const std::string prefix = layer_prefix(i);
    add_norm(prefix + "input_layernorm");
    add_norm(prefix + "post_attention_layernorm");
    add_linear(prefix + "attention.query_key_value", 3 * c.hidden_size, c.hidden_size, c.attention_bias);
    add_linear(prefix + "attention.dense", c.hidden_size, c.hidden_size, c.attention_bias);
    add_linear(prefix + "mlp.dense_h_to_4h", c.intermediate_size, c.hidden_size, true);
    add_linear(prefix + "mlp.dense_4h_to_h", c.hidden_size, c.intermediate_size, true);
  }
  add_norm("gpt_neox.final_layer_norm");
  if (!c.tied_embeddings) add_linear("embed_out", c.vocab_size, c.hidden_size, false);
  return tensors;
}

const TensorView* find_weight(const Checkpoint& checkpoint, const std::string& name) {
  const TensorView* found = checkpoint.find(name);
  return found == nullptr && name == "embed_out.weight" ? checkpoint.find("lm_head.weight") : found;
}

bool is_ignored_tensor(const std::string& name) {
  return ends_with(name, ".attention.bias") || ends_with(name, ".attention.masked_bias") || ends_with(name, ".rotary_emb.inv_freq");
}

void check_checkpoint(const Checkpoint& checkpoint, const ModelConfig& config, bool check_values, const Warn& warn) {
  std::vector<std::string> missing, misshapen, extra;
  const auto expected = expected_tensors(config);
  for (const auto& [name, shape] : expected) {
    const TensorView* tensor = find_weight(checkpoint, name);
    if (tensor == nullptr) {
      missing.push_back(name);
    } else if (tensor->shape != shape) {
      misshapen.push_back(name + " " + shape_text(tensor->shape) + " instead of " + shape_text(shape));
    } else if (!is_weight_dtype(tensor->dtype)) {
      throw Error(checkpoint.folder(), ": tensor ", name, " is of type ", dtype_name(tensor->dtype),
                  "; weights must be float32, float16 or bfloat16");
    }
  }
  if (!missing.empty())
    throw Error(checkpoint.folder(), ": the weights lack ", listed(missing), "; the folder is incomplete or config.json is another model's");
  if (!misshapen.empty())
    throw Error(checkpoint.folder(), ": wrong shape: ", listed(misshapen), "; config.json is another model's");

  for (const TensorView& tensor : checkpoint.tensors()) {
    if (is_ignored_tensor(tensor.name) || tensor.name == "embed_out.weight" || tensor.name == "lm_head.weight") continue;
    const bool known = std::any_of(expected.begin(), expected.end(), [&](const auto& e) { return e.first == tensor.name; });
    if (!known) extra.push_back(tensor.name);
  }
  if (!extra.empty() && warn) warn("the weights in " + checkpoint.folder().string() + " hold tensors that this model does not use: " + listed(extra));

  if (!check_values) return;
  for (const auto& [name, shape] : expected) {
    const TensorView* tensor = find_weight(checkpoint, name);
    if (const auto index = first_non_finite(*tensor))
      throw Error(checkpoint.folder(), ": tensor ", name, " holds a value that is not finite, at index ", *index,
                  "; the file is damaged, or the run that wrote it had diverged");
    release_pages(tensor->bytes);  // they come back when they are used
  }
}

GptNeox::GptNeox(const std::filesystem::path& folder, const Warn& warn)
    : config_(read_model_config(folder)), checkpoint_(folder) {
  use_one_thread_per_operation();
  const at::NoGradGuard no_grad;
  check_checkpoint(checkpoint_, config_, true, warn);
  const auto weight = [&](const std::string& name) { return Parameter{resident_tensor(*find_weight(checkpoint_, name)), {}}; };
  const auto small = [&](const std::string& name) { return Parameter{weight(name).value.to(torch::kFloat32, false, true), {}}; };
  const auto linear_of = [&](const std::string& name, bool bias) {
    return Linear{weight(name + ".weight"), bias ? small(name + ".bias") : Parameter{}};
  };
  const auto norm_of = [&](const std::string& name) { return LayerNorm{small(name + ".weight"), small(name + ".bias")}; };

  embed_in_ = weight("gpt_neox.embed_in.weight");
  stored_dtype_ = checkpoint_.find("gpt_neox.embed_in.weight")->dtype;
  for (std::int64_t i = 0; i < config_.num_layers; ++i) {
    const std::string prefix = layer_prefix(i);
    layers_.push_back({norm_of(prefix + "input_layernorm"), norm_of(prefix + "post_attention_layernorm"),
                       linear_of(prefix + "attention.query_key_value", config_.attention_bias),
                       linear_of(prefix + "attention.dense", config_.attention_bias),
                       linear_of(prefix + "mlp.dense_h_to_4h", true), linear_of(prefix + "mlp.dense_4h_to_h", true)});
  }
  final_layer_norm_ = norm_of("gpt_neox.final_layer_norm");
  embed_out_ = config_.tied_embeddings ? Linear{embed_in_} : linear_of("embed_out", false);
  rotary_ = make_rotary_table(config_);
}

std::uint64_t GptNeox::weight_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [name, shape] : expected_tensors(config_)) bytes += find_weight(checkpoint_, name)->bytes.size();
  return bytes;
}

Tensor GptNeox::embed(const Pass& pass) const { return at::embedding(embed_in_.value, pass.ids).to(torch::kFloat32); }

Tensor GptNeox::layer(std::size_t index, const Tensor& x, const Pass& pass) const {
  const Layer& m = layers_[index];
  const double eps = config_.layer_norm_eps;
  const Tensor qkv = linear(layer_norm(x, m.input_layernorm, eps, pass), m.query_key_value, pass);
  const Tensor attended = linear(attention(qkv, rotary_, config_.num_heads, pass, index), m.dense, pass);
  const auto mlp = [&](const Tensor& h) {
    const Tensor wide = linear(layer_norm(h, m.post_attention_layernorm, eps, pass), m.dense_h_to_4h, pass);
    return linear(gelu(wide, config_.activation, pass), m.dense_4h_to_h, pass);
  };
  if (config_.parallel_residual) return mlp(x) + attended + x;
  const Tensor h = attended + x;
  return mlp(h) + h;
}

Tensor GptNeox::final_norm(const Tensor& x, const Pass& pass) const {
  return layer_norm(x, final_layer_norm_, config_.layer_norm_eps, pass);
}

Tensor GptNeox::logits(const Tensor& normed, const Pass& pass) const {
  const Tensor logits = multiply_transposed(normed, embed_out_.weight.value, pass);
  if (low_memory_)
    release(config_.tied_embeddings ? "gpt_neox.embed_in." : "embed_out."), release("lm_head.");
  return logits;
}

void GptNeox::release(const std::string& name_prefix) const {
  for (const TensorView& tensor : checkpoint_.tensors())
    if (tensor.name.starts_with(name_prefix)) release_pages(tensor.bytes);
}

Tensor GptNeox::hidden(const Pass& pass) const {
  const at::NoGradGuard no_grad;
  Tensor x = embed(pass);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layer(i, x, pass);
    if (low_memory_) release(layer_prefix(static_cast<std::int64_t>(i)));
  }
  for (std::size_t i = 0; i < pass.caches.size(); ++i) pass.caches[i]->length += pass.length(i);
  return final_norm(x, pass);
}

KvCache GptNeox::make_cache(std::int64_t capacity) const {
  KvCache cache;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    cache.keys.push_back(torch::empty({config_.num_heads, capacity, config_.head_dim()}));
    cache.values.push_back(torch::empty({config_.num_heads, capacity, config_.head_dim()}));
  }
  return cache;
}

std::vector<NamedLinear> GptNeox::linears() {
  std::vector<NamedLinear> named;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string prefix = layer_prefix(static_cast<std::int64_t>(i));
    named.push_back({prefix + "attention.query_key_value", &layers_[i].query_key_value});
    named.push_back({prefix + "attention.dense", &layers_[i].dense});
    named.push_back({prefix + "mlp.dense_h_to_4h", &layers_[i].dense_h_to_4h});
    named.push_back({prefix + "mlp.dense_4h_to_h", &layers_[i].dense_4h_to_h});
  }
  return named;
}

std::vector<NamedParameter> GptNeox::parameters() {
  std::vector<NamedParameter> named;
  const auto add = [&](const std::string& name, Parameter& parameter) {
    if (parameter.value.defined()) named.push_back({name, &parameter});
  };
  const auto add_pair = [&](const std::string& name, auto& module) {
    add(name + ".weight", module.weight);
    add(name + ".bias", module.bias);
  };
  add("gpt_neox.embed_in.weight", embed_in_);
  const auto all = linears();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string prefix = layer_prefix(static_cast<std::int64_t>(i));
    add_pair(prefix + "input_layernorm", layers_[i].input_layernorm);
    add_pair(prefix + "post_attention_layernorm", layers_[i].post_attention_layernorm);
    for (std::size_t k = 0; k < 4; ++k) add_pair(all[4 * i + k].name, *all[4 * i + k].linear);
  }
  add_pair("gpt_neox.final_layer_norm", final_layer_norm_);
  if (!config_.tied_embeddings) add_pair("embed_out", embed_out_);
  return named;
}

void GptNeox::train_all() {
  for (const NamedParameter& named : parameters()) make_trained(*named.parameter);
  if (config_.tied_embeddings) embed_out_.weight = {embed_in_.value, torch::zeros_like(embed_in_.grad)};
}

void GptNeox::join_tied_gradients() {
  if (!config_.tied_embeddings || !embed_in_.trained()) return;
  embed_in_.grad.add_(embed_out_.weight.grad);
  embed_out_.weight.grad.zero_();
}

void make_trained(Parameter& parameter) {
  const at::NoGradGuard no_grad;
  parameter.value = parameter.value.to(torch::kFloat32, false, true).contiguous().requires_grad_();
  parameter.grad = torch::zeros_like(parameter.value, torch::TensorOptions().requires_grad(false));
}

}  // namespace aacft
