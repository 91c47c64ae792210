#include "aacft/model/gpt_neox.h"

#include <torch/types.h>

#include <algorithm>
#include <cstdint>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/kernels/norm.h"
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

std::vector<LinearShape> linears_of_layer(const ModelConfig& c, std::int64_t layer) {
  const std::string prefix = layer_prefix(layer);
  return {{prefix + "attention.query_key_value", 3 * c.hidden_size, c.hidden_size},
          {prefix + "attention.dense", c.hidden_size, c.hidden_size},
          {prefix + "mlp.dense_h_to_4h", c.intermediate_size, c.hidden_size},
          {prefix + "mlp.dense_4h_to_h", c.hidden_size, c.intermediate_size}};
}

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
    for (const LinearShape& l : linears_of_layer(c, i))
      add_linear(l.name, l.out, l.in, c.attention_bias || l.name.find(".mlp.") != l.name.npos);
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
  return ends_with(name, ".attention.bias") || ends_with(name, ".attention.masked_bias") ||
         ends_with(name, ".rotary_emb.inv_freq");
}

void require_finite(const Checkpoint& checkpoint, const std::string& name) {
  const TensorView* tensor = find_weight(checkpoint, name);
  require_finite(*tensor, checkpoint.folder().string());
  release_pages(tensor->bytes);  // they come back when they are used
}

void check_checkpoint(const Checkpoint& checkpoint, const ModelConfig& config, const Warn& warn) {
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
    throw Error(checkpoint.folder(), ": the weights lack ", listed(missing),
                "; the folder is incomplete or config.json is another model's");
  if (!misshapen.empty())
    throw Error(checkpoint.folder(), ": wrong shape: ", listed(misshapen), "; config.json is another model's");

  for (const TensorView& tensor : checkpoint.tensors()) {
    if (is_ignored_tensor(tensor.name) || tensor.name == "embed_out.weight" || tensor.name == "lm_head.weight")
      continue;
    const bool known =
        std::any_of(expected.begin(), expected.end(), [&](const auto& e) { return e.first == tensor.name; });
    if (!known) extra.push_back(tensor.name);
  }
  if (!extra.empty() && warn)
    warn("the weights in " + checkpoint.folder().string() +
         " hold tensors that this model does not use: " + listed(extra));
}

GptNeox::GptNeox(const std::filesystem::path& folder, const Warn& warn, const ModelOptions& options)
    : config_(read_model_config(folder)), options_(with_defaults(options)), checkpoint_(folder) {
  use_one_thread_per_operation();
  const at::NoGradGuard no_grad;
  check_checkpoint(*checkpoint_, config_, warn);
  const auto weight = [&](const std::string& name) {
    return Parameter{resident_tensor(*find_weight(*checkpoint_, name)), {}};
  };
  const auto small = [&](const std::string& name) {
    require_finite(*checkpoint_, name);
    return Parameter{weight(name).value.to(torch::kFloat32, false, true), {}};
  };
  const auto linear_of = [&](const std::string& name, bool bias) {
    Linear linear;
    linear.weight = weight(name + ".weight");
    if (bias) linear.bias = small(name + ".bias");
    return linear;
  };
  const auto norm_of = [&](const std::string& name) {
    return LayerNorm{small(name + ".weight"), small(name + ".bias")};
  };

  embed_in_ = weight("gpt_neox.embed_in.weight");
  require_finite(*checkpoint_, "gpt_neox.embed_in.weight");
  stored_dtype_ = checkpoint_->find("gpt_neox.embed_in.weight")->dtype;
  for (std::int64_t i = 0; i < config_.num_layers; ++i) {
    const std::string prefix = layer_prefix(i);
    layers_.push_back({norm_of(prefix + "input_layernorm"), norm_of(prefix + "post_attention_layernorm"),
                       linear_of(prefix + "attention.query_key_value", config_.attention_bias),
                       linear_of(prefix + "attention.dense", config_.attention_bias),
                       linear_of(prefix + "mlp.dense_h_to_4h", true), linear_of(prefix + "mlp.dense_4h_to_h", true)});
  }
  final_layer_norm_ = norm_of("gpt_neox.final_layer_norm");
  if (config_.tied_embeddings) {
    embed_out_.weight = embed_in_;
  } else {
    embed_out_ = linear_of("embed_out", false);
  }
  rotary_ = make_rotary_table(config_);

  if (options_.full) {
    for (const auto& [name, shape] : expected_tensors(config_)) require_finite(*checkpoint_, name);
    train_all();
  } else if (!options_.low_memory) {
    for (std::size_t i = 0; i < layers_.size(); ++i) pack_layer(i);
    pack_head();
  }
}

void GptNeox::pack_checked(Linear& linear, const std::string& name, std::optional<WeightType> type) const {
  pack(linear, type);
  if (!linear.packed.finite()) require_finite(*checkpoint_, name);
  release_pages(find_weight(*checkpoint_, name)->bytes);
}

void GptNeox::pack_layer(std::size_t index) {
  const auto all = linears();
  for (std::size_t k = 4 * index; k < 4 * index + 4; ++k)
    pack_checked(*all[k].linear, all[k].name + ".weight", options_.base_weights);
}

void GptNeox::pack_head() {
  pack_checked(embed_out_, config_.tied_embeddings ? "gpt_neox.embed_in.weight" : "embed_out.weight",
               head_type(options_, stored_type(embed_out_.weight.value)));
}

GptNeox::GptNeox(const ModelConfig& config, const ModelOptions& options)
    : config_(config),
      options_(with_defaults(options)),
      stored_dtype_(options.compute == Compute::kBf16 ? Dtype::kBFloat16 : Dtype::kFloat16) {
  use_one_thread_per_operation();
  const auto small = [](std::int64_t size, float value) { return Parameter{torch::full({size}, value), {}}; };
  // One block of random rows serves every weight.
  constexpr std::int64_t kRows = 256;
  const std::int64_t widest = std::max({config_.hidden_size, config_.intermediate_size, 3 * config_.hidden_size});
  const Tensor block = (torch::randn({kRows, widest}) * 0.02).to(scalar_type(stored_dtype_));
  const auto linear_of = [&](std::int64_t out, std::int64_t in, bool bias, WeightType type) {
    Linear linear;
    linear.weight.value = block.narrow(1, 0, in).repeat({(out + kRows - 1) / kRows, 1}).narrow(0, 0, out).contiguous();
    if (bias) linear.bias = small(out, 0.01f);
    pack(linear, type);
    linear.weight.value = block.narrow(0, 0, 1).narrow(1, 0, 1).expand({out, in});  // for its shape
    return linear;
  };
  const WeightType stored = stored_type(block), type = options_.base_weights.value_or(stored);
  const auto norm = [&] { return LayerNorm{small(config_.hidden_size, 1), small(config_.hidden_size, 0)}; };
  embed_in_ = {
      block.narrow(0, 0, 1).narrow(1, 0, config_.hidden_size).expand({config_.vocab_size, config_.hidden_size}), {}};
  for (std::int64_t l = 0; l < config_.num_layers; ++l) {
    Layer layer{norm(), norm(), {}, {}, {}, {}};
    Linear* const linears[] = {&layer.query_key_value, &layer.dense, &layer.dense_h_to_4h, &layer.dense_4h_to_h};
    const auto shapes = linears_of_layer(config_, l);
    for (std::size_t k = 0; k < 4; ++k)
      *linears[k] = linear_of(shapes[k].out, shapes[k].in, k >= 2 || config_.attention_bias, type);
    layers_.push_back(std::move(layer));
  }
  final_layer_norm_ = norm();
  embed_out_ = linear_of(config_.vocab_size, config_.hidden_size, false, head_type(options_, stored));
  rotary_ = make_rotary_table(config_);
}

std::uint64_t GptNeox::weight_bytes() const {
  std::uint64_t bytes = embed_out_.packed.bytes();
  for (const Layer& layer : layers_)
    for (const Linear* linear : {&layer.query_key_value, &layer.dense, &layer.dense_h_to_4h, &layer.dense_4h_to_h})
      bytes += linear->packed.empty() ? 4 * static_cast<std::uint64_t>(linear->in() * linear->out())
                                      : linear->packed.bytes();
  return bytes;
}

LayerContext GptNeox::context(const Pass& pass) { return {config_, rotary_, options_.compute, pass, scratch_}; }

void GptNeox::embed(const Pass& pass, const Matrix& x) const {
  const at::NoGradGuard no_grad;
  tensor_over(x).copy_(at::embedding(embed_in_.value, pass.ids));
}

void GptNeox::forward(std::size_t layer, const Pass& pass, const Matrix& x, LayerState* state, bool keep) {
  layer_forward(context(pass), layer, layers_[layer], x, state, keep);
}

void GptNeox::backward(std::size_t layer, const Pass& pass, LayerState& state, const Matrix& dx, bool below) {
  layer_backward(context(pass), layer, layers_[layer], state, dx, below);
}

void GptNeox::final_norm(const Matrix& x, const Matrix& y) const {
  layer_norm(x, final_layer_norm_.weight.value.data_ptr<float>(), final_layer_norm_.bias.value.data_ptr<float>(),
             static_cast<float>(config_.layer_norm_eps), y);
}

Matrix GptNeox::stream(const Pass& pass) {
  const Matrix x = stream_.get(pass.rows(), config_.hidden_size, Element::kFp32);
  embed(pass, x);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (options_.low_memory) pack_layer(i);
    forward(i, pass, x, nullptr, false);
    if (!options_.low_memory) continue;
    Layer& layer = layers_[i];
    for (Linear* linear : {&layer.query_key_value, &layer.dense, &layer.dense_h_to_4h, &layer.dense_4h_to_h})
      linear->packed = {};
  }
  for (std::size_t i = 0; i < pass.caches.size(); ++i) pass.caches[i]->length += pass.length(i);
  return x;
}

Tensor GptNeox::hidden(const Pass& pass) {
  const at::NoGradGuard no_grad;
  const Matrix x = stream(pass);
  Tensor normed = torch::empty({pass.rows(), config_.hidden_size});
  final_norm(x, matrix_over(normed));
  return normed;
}

Tensor GptNeox::logits(const Tensor& normed) {
  const at::NoGradGuard no_grad;
  if (options_.low_memory) pack_head();
  Tensor logits = torch::empty({normed.size(0), config_.vocab_size});
  Pass rows;
  rows.offsets.push_back(normed.size(0));
  head(matrix_over(normed), rows, matrix_over(logits));
  if (options_.low_memory) embed_out_.packed = {};
  return logits;
}

void GptNeox::head(const Matrix& normed, const Pass& rows, const Matrix& logits) const {
  linear(normed, embed_out_, rows, options_.compute, logits, false, nullptr);
}

KvCache GptNeox::make_cache(std::int64_t capacity) const {
  KvCache cache;
  cache.capacity = capacity;
  const Element element = options_.compute == Compute::kBf16 ? Element::kBf16 : Element::kFp32;
  cache.keys.resize(layers_.size());
  cache.values.resize(layers_.size());
  for (auto* buffers : {&cache.keys, &cache.values})
    for (Buffer& buffer : *buffers) buffer.get(config_.num_heads * capacity, config_.head_dim(), element);
  return cache;
}

std::vector<NamedLinear> GptNeox::linears() {
  std::vector<NamedLinear> named;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    Linear* const linears[] = {&layer.query_key_value, &layer.dense, &layer.dense_h_to_4h, &layer.dense_4h_to_h};
    const auto shapes = linears_of_layer(config_, static_cast<std::int64_t>(i));
    for (std::size_t k = 0; k < 4; ++k) named.push_back({shapes[k].name, linears[k]});
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
  for (const NamedLinear& named : linears()) named.linear->packed = {};
  embed_out_.packed = {};
  if (config_.tied_embeddings) embed_out_.weight = {embed_in_.value, torch::zeros_like(embed_in_.grad)};
}

void GptNeox::join_tied_gradients() {
  if (!config_.tied_embeddings || !embed_in_.trained()) return;
  embed_in_.grad.add_(embed_out_.weight.grad);
  embed_out_.weight.grad.zero_();
}

}  // namespace aacft
