#include "aacft/model/gguf_layout.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <numbers>

#include "aacft/base/error.h"

namespace aacft {
namespace {

using Module = TensorPlace::Module;

constexpr std::uint32_t kQuantizationVersion = 2;  // of ggml's blocks

struct FileType {
  GgufFileType type;
  std::string_view name;
  Dtype dtype;  // of most matrices
};

constexpr FileType kFileTypes[] = {
    {GgufFileType::kF32, "F32", Dtype::kFloat32},    {GgufFileType::kF16, "F16", Dtype::kFloat16},
    {GgufFileType::kBF16, "BF16", Dtype::kBFloat16}, {GgufFileType::kQ8_0, "Q8_0", Dtype::kQ8_0},
    {GgufFileType::kQ4_0, "Q4_0", Dtype::kQ4_0},     {GgufFileType::kQ4_1, "Q4_1", Dtype::kQ4_1},
    {GgufFileType::kQ5_0, "Q5_0", Dtype::kQ5_0},     {GgufFileType::kQ5_1, "Q5_1", Dtype::kQ5_1},
    {GgufFileType::kQ4_K_M, "Q4_K_M", Dtype::kQ4_K}, {GgufFileType::kQ5_K_M, "Q5_K_M", Dtype::kQ5_K},
    {GgufFileType::kQ6_K, "Q6_K", Dtype::kQ6_K},
};

const FileType& facts(GgufFileType type) {
  return *std::find_if(std::begin(kFileTypes), std::end(kFileTypes), [&](const FileType& t) { return t.type == type; });
}

// Mistral models go by another family's name there.
std::string_view architecture(const Family& family) {
  return family.gguf.architecture.empty() ? llama_family().gguf.architecture : family.gguf.architecture;
}

bool is_gpt_neox(const ModelConfig& c) { return &family_of(c) == &gpt_neox_family(); }

// ---- types: the rules of llama_tensor_get_type_impl in llama.cpp's src/llama-quant.cpp ----

// The first and last eighth of the layers, and every third between them.
bool matters_more(std::int64_t layer, std::int64_t layers) {
  const std::int64_t eighth = layers / 8;
  return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
}

// Rows that are no whole blocks get a type with smaller ones.
Dtype fitting(Dtype dtype, std::int64_t width) {
  if (width % block_numel(dtype) == 0) return dtype;
  Dtype other = dtype;
  if (dtype == Dtype::kQ4_K) other = Dtype::kQ5_0;
  if (dtype == Dtype::kQ5_K) other = Dtype::kQ5_1;
  if (dtype == Dtype::kQ6_K) other = Dtype::kQ8_0;
  return width % block_numel(other) == 0 ? other : Dtype::kFloat16;
}

bool holds_values(const TensorPlace& place) {
  return place.module == Module::kLinear && static_cast<LinearRole>(place.role) == LinearRole::kQkv;
}

Dtype matrix_dtype(const ModelConfig& c, GgufFileType type, const TensorPlace& place, std::int64_t width, bool head) {
  const Dtype usual = facts(type).dtype;
  if (!is_encoded(usual)) return usual;
  if (head) {
    if (width % block_numel(usual) != 0) return fitting(Dtype::kQ8_0, width);
    return fitting(usual == Dtype::kQ8_0 ? Dtype::kQ8_0 : Dtype::kQ6_K, width);
  }
  const bool mixture = type == GgufFileType::kQ4_K_M || type == GgufFileType::kQ5_K_M;
  const bool values = holds_values(place) && (is_gpt_neox(c) || place.part == 2);
  const bool down = place.module == Module::kLinear && static_cast<LinearRole>(place.role) == LinearRole::kMlpOutput;
  Dtype chosen = usual;
  if (mixture && (values || down) && matters_more(static_cast<std::int64_t>(place.layer), c.num_layers))
    chosen = Dtype::kQ6_K;
  // What it takes for a model of 70 billion parameters.
  if (values && chosen == Dtype::kQ4_K && !is_gpt_neox(c) && c.num_layers == 80 && c.kv_heads() != c.num_heads)
    chosen = Dtype::kQ5_K;
  return fitting(chosen, width);
}

// ---- what the reader wants besides ----

// The factors by which frequencies are divided, in fp32 and in the order of the converter's operations.
std::vector<float> rope_factors(const ModelConfig& c) {
  if (!c.rope_scaling || c.rope_scaling->kind != RopeScaling::Kind::kLlama3) return {};
  const RopeScaling& s = *c.rope_scaling;
  std::vector<float> factors;
  for (std::int64_t i = 0; i < c.rotary_dims() / 2; ++i) {
    const double wavelength =
        2 * std::numbers::pi *
        std::pow(c.rotary_base, 2.0 * static_cast<double>(i) / static_cast<double>(c.rotary_dims()));
    const double turns = s.original_positions / wavelength;
    const double inside = std::clamp((turns - s.low) / (s.high - s.low), 0.0, 1.0);
    factors.push_back(static_cast<float>(1 / ((1 - inside) / s.factor + inside)));
  }
  return factors;
}

[[noreturn]] void refuse(const ModelConfig& c, const char* key, const std::string& why) {
  throw Error("a model of type ", c.model_type, " with \"", key, "\" cannot be written to GGUF: ", why);
}

void check(const ModelConfig& c) {
  const std::string_view name = architecture(family_of(c));
  if (is_gpt_neox(c)) return;
  if (c.rope_scaling && c.rope_scaling->kind == RopeScaling::Kind::kLlama3 && name != "llama")
    refuse(c, "rope_scaling", "llama.cpp knows llama3's scaling of positions in Llama models alone");
  if (name == "qwen3" && c.qkv_bias) refuse(c, "attention_bias", "llama.cpp knows no such biases in Qwen 3");
  if (c.head_dim() % 2 != 0) refuse(c, "head_dim", "an odd number of dimensions cannot turn in pairs");
}

void add_zeros(std::vector<GgufTensor>& tensors, std::string name, std::int64_t size) {
  tensors.push_back(
      {std::move(name), Dtype::kFloat32, {size}, {}, "", std::vector<float>(static_cast<std::size_t>(size))});
}

// GPT-NeoX has every bias there.
void add_missing_biases(const ModelConfig& c, std::vector<GgufTensor>& tensors) {
  if (!is_gpt_neox(c)) return;
  for (const AdapterTarget& target : adapter_targets(c)) {
    const LayerShape layer = family_of(c).layer(c, static_cast<std::int64_t>(target.layer));
    const TensorPlace place{Module::kLinear, target.layer, static_cast<std::size_t>(target.role), target.part, true};
    if (!layer[target.role].bias) add_zeros(tensors, gguf_module(c, place) + ".bias", target.out);
  }
}

// As 135M; two digits at least.
std::string size_label(std::int64_t parameters) {
  const double count = static_cast<double>(parameters);
  const auto [divisor, letter] = count > 1e12  ? std::pair(1e12, 'T')
                                 : count > 1e9 ? std::pair(1e9, 'B')
                                 : count > 1e6 ? std::pair(1e6, 'M')
                                               : std::pair(1e3, 'K');
  char text[32];
  std::snprintf(text, sizeof text, "%.*f%c", count / divisor < 9.5 ? 1 : 0, count / divisor, letter);
  return text;
}

}  // namespace

std::string_view gguf_file_type_name(GgufFileType type) { return facts(type).name; }

std::optional<GgufFileType> parse_gguf_file_type(std::string_view name) {
  const auto same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  for (const FileType& known : kFileTypes)
    if (std::ranges::equal(name, known.name, same)) return known.type;
  return std::nullopt;
}

std::string gguf_file_type_names() {
  std::string text;
  for (const FileType& known : kFileTypes)
    text += (text.empty() ? "" : &known == std::end(kFileTypes) - 1 ? " or " : ", ") + std::string(known.name);
  return text;
}

std::string gguf_architecture(const ModelConfig& c) { return std::string(architecture(family_of(c))); }

std::string gguf_module(const ModelConfig& c, const TensorPlace& place) {
  const GgufNames& names = family_of(c).gguf;
  const std::string layer = "blk." + std::to_string(place.layer) + ".";
  switch (place.module) {
    case Module::kEmbedding: return "token_embd";
    case Module::kNorm: return layer + std::string(names.norms[place.role]);
    case Module::kLinear: return layer + std::string(names.linears[place.role][place.part]);
    case Module::kFinalNorm: return "output_norm";
    case Module::kHead: break;
  }
  return "output";
}

RowOrder gguf_row_order(const ModelConfig& c, const TensorPlace& place) {
  if (!holds_values(place)) return {};
  switch (family_of(c).gguf.qkv) {
    case GgufNames::Qkv::kPairsTogether: return place.part < 2 ? RowOrder{2, c.head_dim() / 2, 1} : RowOrder{};
    case GgufNames::Qkv::kByKind: return {c.num_heads, 3, c.head_dim()};
    case GgufNames::Qkv::kAsHere: break;
  }
  return {};
}

std::vector<GgufTensor> gguf_tensors(const ModelConfig& c, GgufFileType type) {
  check(c);
  std::vector<GgufTensor> tensors;
  const bool needs_head = c.tied_embeddings && is_gpt_neox(c);
  for (const ModelTensor& tensor : tensors_of(c)) {
    const bool embedding = tensor.place.module == Module::kEmbedding;
    const bool head = tensor.place.module == Module::kHead || (embedding && c.tied_embeddings && !needs_head);
    const Dtype dtype =
        tensor.shape.size() < 2 ? Dtype::kFloat32 : matrix_dtype(c, type, tensor.place, tensor.shape[1], head);
    tensors.push_back({gguf_module(c, tensor.place) + (tensor.place.bias ? ".bias" : ".weight"),
                       dtype,
                       tensor.shape,
                       gguf_row_order(c, tensor.place),
                       tensor.name,
                       {}});
    if (embedding && needs_head)
      tensors.push_back({"output.weight",
                         matrix_dtype(c, type, {Module::kHead}, tensor.shape[1], true),
                         tensor.shape,
                         {},
                         tensor.name,
                         {}});
  }
  add_missing_biases(c, tensors);
  if (std::vector<float> factors = rope_factors(c); !factors.empty()) {
    const auto size = static_cast<std::int64_t>(factors.size());
    tensors.push_back({"rope_freqs.weight", Dtype::kFloat32, {size}, {}, "", std::move(factors)});
  }
  return tensors;
}

void add_gguf_config(const ModelConfig& c, const std::string& name, GgufKeys& keys) {
  const std::string arch = gguf_architecture(c);
  keys.text("general.architecture", arch);
  keys.text("general.type", "model");
  keys.text("general.name", name);
  keys.text("general.size_label", size_label(c.num_parameters()));
  const auto count = [&](const char* key, std::int64_t value) {
    keys.count(arch + "." + key, static_cast<std::uint32_t>(value));
  };
  const auto number = [&](const char* key, double value) { keys.number(arch + "." + key, static_cast<float>(value)); };
  count("block_count", c.num_layers);
  count("context_length", c.context());
  count("embedding_length", c.hidden_size);
  count("feed_forward_length", c.intermediate_size);
  count("attention.head_count", c.num_heads);
  if (is_gpt_neox(c)) {
    count("rope.dimension_count", c.rotary_dims());
    number("rope.freq_base", c.rotary_base);
    keys.flag(arch + ".use_parallel_residual", c.parallel_residual);
    number("attention.layer_norm_epsilon", c.norm_eps);
    return;
  }
  count("attention.head_count_kv", c.kv_heads());
  if (c.rope_scaling && c.rope_scaling->kind == RopeScaling::Kind::kLinear) {
    keys.text(arch + ".rope.scaling.type", "linear");
    number("rope.scaling.factor", c.rope_scaling->factor);
  }
  number("rope.freq_base", c.rotary_base);
  number("attention.layer_norm_rms_epsilon", c.norm_eps);
  count("attention.key_length", c.head_dim());
  count("attention.value_length", c.head_dim());
  if (arch != "llama") return;
  count("vocab_size", c.vocab_size);
  count("rope.dimension_count", c.head_dim());
}

void add_gguf_file_type(GgufFileType type, GgufKeys& keys) {
  keys.count("general.quantization_version", kQuantizationVersion);
  keys.count("general.file_type", static_cast<std::uint32_t>(type));
}

}  // namespace aacft
