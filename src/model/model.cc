#include "aacft/model/model.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/formats/block_encoding.h"
#include "aacft/model/blocks/norm.h"
#include "aacft/model/config_keys.h"
#include "aacft/model/model_tensors.h"
#include "aacft/model/rotary.h"
#include "aacft/model/tensor_bridge.h"

namespace aacft {
namespace {

using torch::Tensor;
using Module = TensorPlace::Module;

bool is_matrix(const ModelTensor& tensor) { return tensor.shape.size() == 2; }

}  // namespace

template <typename Read>
void Model::assemble(const Read& read) {
  targets_ = adapter_targets(config_);
  layers_.resize(static_cast<std::size_t>(config_.num_layers));
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    auto& parts = layers_[targets_[i].layer][targets_[i].role].parts;
    parts.emplace_back().target = static_cast<std::uint32_t>(i);
  }
  head_.parts.resize(1);
  for (const ModelTensor& tensor : tensors_of(config_)) parameter_at(tensor.place).value = read(tensor);
  for (Layer& layer : layers_)
    for (Linear& linear : layer.linears) linear = linear_of(std::move(linear.parts));
  if (config_.tied_embeddings) head_.parts[0].weight = embedding_, head_.parts[0].stored = stored_embedding_;
  head_ = linear_of(std::move(head_.parts));
  rotary_frequencies_ = rotary_frequencies(config_);
}

Parameter& Model::parameter_at(const TensorPlace& place) {
  const auto of = [&](auto& module) -> Parameter& { return place.bias ? module.bias : module.weight; };
  switch (place.module) {
    case Module::kEmbedding: return embedding_;
    case Module::kNorm: return of(layers_[place.layer].norms[place.role]);
    case Module::kLinear: return of(layers_[place.layer].linears[place.role].parts[place.part]);
    case Module::kFinalNorm: return of(final_norm_);
    case Module::kHead: break;
  }
  return head_.parts[0].weight;
}

Model::Model(const std::filesystem::path& folder, const Warn& warn, const ModelOptions& options)
    : config_(read_model_config(folder)), options_(with_defaults(options)) {
  use_one_thread_per_operation();
  const at::NoGradGuard no_grad;
  warn_of_unknown_keys(folder, warn);
  if (PackedModelFile::is_in(folder)) {
    if (!options.base_weights) options_.base_weights.reset();
    take_packed(folder);
    return;
  }
  checkpoint_.emplace(open_checkpoint(folder, config_));
  config_ = check_checkpoint(*checkpoint_, config_, warn);
  stored_dtype_ = aacft::stored_dtype(*checkpoint_, config_);
  assemble([&](const ModelTensor& tensor) {
    const bool packed_later = tensor.place.module == Module::kLinear || tensor.place.module == Module::kHead;
    if (options_.full || !is_matrix(tensor) || !packed_later) require_finite(*checkpoint_, config_, tensor.name);
    return stored_value(tensor);
  });

  if (options_.full) {
    train_all();
  } else if (!options_.low_memory) {
    for (Layer& layer : layers_)
      for (Linear& linear : layer.linears) linear.packed = checked_pack(linear, options_.base_weights);
    head_.packed = checked_pack(head_, head_type_of());
  }
}

Model::Model(const ModelConfig& config, const ModelOptions& options)
    : config_(config),
      options_(with_defaults(options)),
      stored_dtype_(options.compute == Compute::kBf16 ? Dtype::kBFloat16 : Dtype::kFloat16) {
  use_one_thread_per_operation();
  // One block of random rows serves every weight.
  constexpr std::int64_t kRows = 256;
  std::int64_t widest = config_.hidden_size;
  for (const AdapterTarget& target : adapter_targets(config_)) widest = std::max(widest, target.in);
  const Tensor block = (torch::randn({kRows, widest}) * 0.02).to(scalar_type(stored_dtype_));
  assemble([&](const ModelTensor& tensor) {
    if (is_matrix(tensor) && tensor.place.module == Module::kEmbedding)
      return block.narrow(0, 0, 1).narrow(1, 0, tensor.shape[1]).expand(tensor.shape);
    if (is_matrix(tensor)) return block.narrow(0, 0, 1).narrow(1, 0, 1).expand(tensor.shape);  // for its shape
    const bool norm = tensor.place.module != Module::kLinear;
    return torch::full(tensor.shape, !norm ? 0.01f : tensor.place.bias ? 0.0f : 1.0f);
  });
  const WeightType stored = stored_type(block);
  const auto pack = [&](Linear& linear, WeightType type) {
    const Tensor rows = block.narrow(1, 0, linear.in).repeat({(linear.out + kRows - 1) / kRows, 1});
    linear.packed = PackedWeights::pack(rows.data_ptr(), stored, linear.out, linear.in, type);
  };
  for (Layer& layer : layers_)
    for (Linear& linear : layer.linears) pack(linear, options_.base_weights.value_or(stored));
  pack(head_, head_type(options_, stored));
}

void Model::take_packed(const std::filesystem::path& folder) {
  const PackedModelFile& file = packed_file_.emplace(folder);
  if (options_.full) throw Error(folder, " is packed: training every weight needs the model that it was packed from");
  if (options_.base_weights.value_or(file.weights()) != file.weights())
    throw UsageError("--base-weights ", weight_type_name(*options_.base_weights), ": ", folder, " is packed as ",
                     weight_type_name(file.weights()), "; leave the option away, or pack the model again");
  if (options_.int8_products && scale_group(file.weights()) == 0)
    throw UsageError("--compute int8 needs weights in int8 or nf4, and ", folder, " is packed as ",
                     weight_type_name(file.weights()));
  options_.base_weights = file.weights();
  options_.low_memory = false;
  stored_dtype_ = file.stored();
  if (options_.verify) file.verify();
  assemble([&](const ModelTensor& tensor) {
    const Module module = tensor.place.module;
    if (is_matrix(tensor) && module != Module::kEmbedding) return shape_alone(tensor.shape);
    const TensorView& view = file.tensor(tensor.name, tensor.shape);
    return module == Module::kEmbedding ? resident_tensor(view) : widened_copy(view);
  });
  for (std::size_t i = 0; i < layers_.size(); ++i)
    for (std::size_t role = 0; role < kLinearRoles; ++role)
      if (Linear& linear = layers_[i].linears[role]; !linear.parts.empty())
        linear.packed = file.linear(i, role, linear.out, linear.in);
  head_.packed = file.head(head_.out, head_.in);
}

Tensor Model::embedding_rows() const {
  return stored_embedding_ != nullptr ? resident_tensor(*stored_embedding_) : embedding_.value;
}

Tensor Model::stored_value(const ModelTensor& tensor) {
  const TensorView* view = find_weight(*checkpoint_, config_, tensor.name);
  if (!is_matrix(tensor)) return widened_copy(*view);
  if (view->plain()) return resident_tensor(*view);
  const TensorPlace& place = tensor.place;
  if (place.module == Module::kEmbedding) {
    stored_embedding_ = view;
  } else {
    Linear& linear = place.module == Module::kHead ? head_ : layers_[place.layer].linears[place.role];
    linear.parts[place.part].stored = view;
  }
  return shape_alone(view->shape);
}

WeightType Model::head_type_of() const { return head_type(options_, stored_type(head_.parts[0].weight.value)); }

PackedWeights Model::checked_pack(const Linear& linear, std::optional<WeightType> type) const {
  PackedWeights packed = packed_weight(linear, type);
  for (const LinearPart& part : linear.parts) {
    const std::string module =
        part.target != kNoTarget ? targets_[part.target].name : std::string(family_of(config_).head);
    const bool tied = part.target == kNoTarget && config_.tied_embeddings;
    const std::string name = tied ? embedding_tensor(config_) : module + ".weight";
    if (!packed.finite()) require_finite(*checkpoint_, config_, name);
    checkpoint_->release(find_weight(*checkpoint_, config_, name)->bytes);
  }
  return packed;
}

Layer Model::packed_layer(std::size_t index) const {
  const Layer& layer = layers_[index];
  Layer packed;
  packed.norms = layer.norms;
  for (std::size_t role = 0; role < kLinearRoles; ++role) {
    packed.linears[role] = linear_of(layer.linears[role].parts);
    packed.linears[role].packed = checked_pack(layer.linears[role], options_.base_weights);
  }
  return packed;
}

std::uint64_t Model::weight_bytes() const {
  std::uint64_t bytes = head_.packed.bytes();
  for (const Layer& layer : layers_)
    for (const Linear& linear : layer.linears)
      bytes += linear.packed.empty() ? 4 * static_cast<std::uint64_t>(linear.in * linear.out) : linear.packed.bytes();
  return bytes;
}

BlockContext Model::context_of(std::size_t layer, const Pass& pass, ComputeContext& context) const {
  return {{pass, options_.compute, context, options_.int8_products}, config_, layer};
}

void Model::embed(const Pass& pass, const Matrix& x, ComputeContext& context) const {
  const at::NoGradGuard no_grad;
  extend(context.rotary, rotary_frequencies_, *std::max_element(pass.positions.begin(), pass.positions.end()));
  if (stored_embedding_ == nullptr) {
    tensor_over(x).copy_(at::embedding(embedding_.value, pass.ids));
    return;
  }
  const std::int64_t* ids = pass.ids.data_ptr<std::int64_t>();
  for (std::int64_t row = 0; row < x.rows; ++row)
    read_rows(*stored_embedding_, ids[row], 1, reinterpret_cast<float*>(x.row(row)));
}

void Model::forward(std::size_t layer, const Pass& pass, const Matrix& x, LayerState* state, bool keep,
                    ComputeContext& context) const {
  layer_forward(context_of(layer, pass, context), layers_[layer], x, state, keep);
}

void Model::backward(std::size_t layer, const Pass& pass, LayerState& state, const Matrix& dx, bool below,
                     ComputeContext& context) const {
  layer_backward(context_of(layer, pass, context), layers_[layer], state, dx, below);
}

Matrix Model::stream(const Pass& pass, ComputeContext& context) const {
  const Matrix x = context.stream.get(pass.rows(), config_.hidden_size, Element::kFp32);
  embed(pass, x, context);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const BlockContext block = context_of(i, pass, context);
    if (options_.low_memory) {
      layer_forward(block, packed_layer(i), x, nullptr, false);
    } else {
      layer_forward(block, layers_[i], x, nullptr, false);
    }
  }
  for (std::size_t i = 0; i < pass.caches.size(); ++i) pass.caches[i]->advance(pass.length(i));
  return x;
}

Tensor Model::hidden(const Pass& pass, ComputeContext& context) const {
  const at::NoGradGuard no_grad;
  const Matrix x = stream(pass, context);
  Tensor normed = torch::empty({pass.rows(), config_.hidden_size});
  norm_forward(config_, final_norm_, x, matrix_over(normed));
  return normed;
}

Tensor Model::logits(const Tensor& normed, ComputeContext& context) const {
  const at::NoGradGuard no_grad;
  Tensor logits = torch::empty({normed.size(0), config_.vocab_size});
  Pass rows;
  rows.offsets.push_back(normed.size(0));
  const OpContext op{rows, options_.compute, context};
  if (options_.low_memory) {
    Linear packed = linear_of(head_.parts);
    packed.packed = checked_pack(head_, head_type_of());
    aacft::linear(op, matrix_over(normed), packed, matrix_over(logits), false, nullptr);
  } else {
    aacft::linear(op, matrix_over(normed), head_, matrix_over(logits), false, nullptr);
  }
  return logits;
}

KvCache Model::make_cache(std::int64_t capacity) const {
  const Element element = options_.compute == Compute::kBf16 ? Element::kBf16 : Element::kFp32;
  return KvCache({layers_.size(), config_.kv_heads(), config_.head_dim(), element}, capacity);
}

std::vector<NamedParameter> Model::parameters() {
  std::vector<NamedParameter> named;
  for (const ModelTensor& tensor : tensors_of(config_)) named.push_back({tensor.name, &parameter_at(tensor.place)});
  return named;
}

void Model::train_all() {
  const auto train_norm = [](Norm& norm) {
    for (Parameter* parameter : {&norm.weight, &norm.bias})
      if (parameter->value.defined()) make_trained(*parameter);
  };
  if (stored_embedding_ != nullptr) embedding_.value = resident_tensor(*std::exchange(stored_embedding_, nullptr));
  make_trained(embedding_);
  for (Layer& layer : layers_) {
    for (Norm& norm : layer.norms) train_norm(norm);
    for (Linear& linear : layer.linears) make_trained(linear);
  }
  train_norm(final_norm_);
  if (config_.tied_embeddings) {
    head_.weight = {embedding_.value, torch::zeros_like(embedding_.grad)};
    head_.packed = {};
  } else {
    make_trained(head_);
  }
}

void Model::join_tied_gradients() {
  if (!config_.tied_embeddings || !embedding_.trained()) return;
  embedding_.grad.add_(head_.weight.grad);
  head_.weight.grad.zero_();
}

}  // namespace aacft
