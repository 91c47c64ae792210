#include "aacft/model/gguf_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/formats/block_encoding.h"
#include "aacft/model/family.h"
#include "aacft/model/gguf_layout.h"
#include "model/config_reader.h"

namespace aacft {
namespace {

constexpr const char* kRopeFactors = "rope_freqs.weight";

const Family& family_of_architecture(const GgufMetadata& metadata) {
  const std::string architecture = metadata.text("general.architecture");
  std::vector<std::string> known;
  for (const Family* family : families()) {
    if (!family->gguf.architecture.empty() && family->gguf.architecture == architecture) return *family;
    if (!family->gguf.architecture.empty()) known.emplace_back(family->gguf.architecture);
  }
  throw Error(metadata.where(), ": aacft does not know models of architecture \"", architecture, "\" yet; it knows ",
              listed(known));
}

// ---- the scaling of positions ----

// Files hold the factors by which the frequencies are divided, and not what they were computed from: the largest is
// llama3's factor, and one between it and 1 tells the context that the model was first trained on. `low` and `high` are
// those of all models that there are.
RopeScaling llama3_scaling(const std::vector<float>& factors, const ModelConfig& c, const std::string& where) {
  RopeScaling s{RopeScaling::Kind::kLlama3, *std::max_element(factors.begin(), factors.end()), 1, 4, 0};
  const auto wavelength = [&](std::size_t i) {
    return 2 * std::numbers::pi * std::pow(c.rotary_base, static_cast<double>(i) / static_cast<double>(factors.size()));
  };
  std::size_t between = factors.size();
  for (std::size_t i = 0; i < factors.size(); ++i)
    if (factors[i] > 1.0001 && factors[i] < s.factor * 0.9999) between = i;
  if (between == factors.size()) throw Error(where, ": ", kRopeFactors, " does not tell how it was made");
  const double share = (1 / static_cast<double>(factors[between]) - 1 / s.factor) / (1 - 1 / s.factor);
  s.original_positions = std::round(wavelength(between) * (s.low + share * (s.high - s.low)));
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const double turns = s.original_positions / wavelength(i);
    const double inside = std::clamp((turns - s.low) / (s.high - s.low), 0.0, 1.0);
    const double expected = 1 / ((1 - inside) / s.factor + inside);
    if (std::abs(factors[i] - expected) > 2e-3 * expected)
      throw Error(where, ": ", kRopeFactors, " scales positions in a way that is not llama3's, which is not supported");
  }
  return s;
}

void read_scaling(const GgufFile& file, const std::string& prefix, ModelConfig& c) {
  const GgufMetadata& metadata = file.metadata();
  const std::string type = metadata.text(prefix + "rope.scaling.type", "none");
  const double factor = metadata.number(prefix + "rope.scaling.factor", 1);
  if (type == "linear" && factor != 1) {
    c.rope_scaling = {RopeScaling::Kind::kLinear, factor, 1, 4, 0};
  } else if (type != "none" && type != "linear") {
    throw Error(metadata.where(), ": rotary positions of type \"", type, "\" are not supported; linear and llama3 are");
  }
  const TensorView* factors = file.find(kRopeFactors);
  if (factors == nullptr) return;
  if (factors->numel() != c.rotary_dims() / 2)
    throw Error(metadata.where(), ": ", kRopeFactors, " has ", factors->numel(), " factors where ", c.rotary_dims() / 2,
                " dimensions turn");
  std::vector<float> values(static_cast<std::size_t>(factors->numel()));
  read_rows(*factors, 0, factors->numel(), values.data());
  for (const float value : values)
    if (!(value >= 1 && value <= 1e6f)) throw Error(metadata.where(), ": ", kRopeFactors, " holds a factor of ", value);
  if (*std::max_element(values.begin(), values.end()) > 1) c.rope_scaling = llama3_scaling(values, c, metadata.where());
}

// ---- the configuration ----

// As config.json would say it, so that one set of checks and defaults serves both.
nlohmann::json config_json(const GgufFile& file, const Family& family) {
  const GgufMetadata& metadata = file.metadata();
  const std::string prefix = std::string(family.gguf.architecture) + ".";
  const auto integer = [&](const std::string& key) { return metadata.integer(prefix + key); };
  const auto bias = [&](const char* tensor) { return file.find(std::string("blk.0.") + tensor + ".bias") != nullptr; };
  if (metadata.has(prefix + "expert_count") && integer("expert_count") > 0)
    throw Error(metadata.where(), ": this is a mixture of experts, which aacft does not know");
  const TensorView* embedding = file.find("token_embd.weight");
  if (embedding == nullptr || embedding->shape.size() != 2)
    throw Error(metadata.where(), ": it holds no token_embd.weight; is it an adapter, or a part of a model?");
  const std::int64_t hidden = integer("embedding_length"), heads = integer("attention.head_count");
  nlohmann::json c = {{"model_type", family.model_type},
                      {"vocab_size", embedding->shape[0]},
                      {"hidden_size", hidden},
                      {"num_hidden_layers", integer("block_count")},
                      {"num_attention_heads", heads},
                      {"intermediate_size", integer("feed_forward_length")},
                      {"max_position_embeddings", integer("context_length")},
                      {"tie_word_embeddings", file.find("output.weight") == nullptr}};
  const std::int64_t head_dim =
      metadata.integer(prefix + "attention.key_length", hidden / std::max<std::int64_t>(heads, 1));
  const double base = metadata.number(prefix + "rope.freq_base", 10000);
  const std::int64_t turning = metadata.integer(prefix + "rope.dimension_count", head_dim);
  if (&family == &gpt_neox_family()) {
    c.update({{"rotary_pct", head_dim > 0 ? static_cast<double>(turning) / static_cast<double>(head_dim) : 1},
              {"rotary_emb_base", base},
              {"layer_norm_eps", metadata.number(prefix + "attention.layer_norm_epsilon")},
              {"use_parallel_residual", metadata.flag(prefix + "use_parallel_residual")},
              {"attention_bias", bias("attn_qkv")}});
    return c;
  }
  if (turning != head_dim)
    throw Error(metadata.where(), ": ", prefix, "rope.dimension_count is ", turning, ", but heads of ", head_dim,
                " dimensions turn as a whole in this family");
  if (metadata.integer(prefix + "attention.value_length", head_dim) != head_dim)
    throw Error(metadata.where(), ": ", prefix,
                "attention.value_length is not attention.key_length, which is not supported");
  c.update({{"num_key_value_heads", metadata.integer(prefix + "attention.head_count_kv", heads)},
            {"head_dim", head_dim},
            {"rope_theta", base},
            {"rms_norm_eps", metadata.number(prefix + "attention.layer_norm_rms_epsilon")},
            {"attention_bias", bias("attn_q")},
            {"mlp_bias", bias("ffn_gate")}});
  if (&family == &llama_family() && bias("attn_q") != bias("attn_output"))
    throw Error(metadata.where(),
                ": biases of q, k and v without one of attn_output, or the other way round, are not supported");
  return c;
}

// Nearest to a decimal number that was written with single precision: 9.999999974752427e-07 was 1e-6.
double as_written(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.7g", value);
  const double decimal = std::strtod(text, nullptr);
  return static_cast<float>(decimal) == static_cast<float>(value) ? decimal : value;
}

}  // namespace

bool is_gguf(const std::filesystem::path& path) {
  return path.extension() == ".gguf" && !std::filesystem::is_directory(path);
}

ModelConfig read_gguf_config(const GgufFile& file) {
  const GgufMetadata& metadata = file.metadata();
  const Family& family = family_of_architecture(metadata);
  ModelConfig c = parse_model_config(config_json(file, family), metadata.where());
  c.norm_eps = as_written(c.norm_eps);
  c.rotary_base = as_written(c.rotary_base);
  read_scaling(file, std::string(family.gguf.architecture) + ".", c);
  const auto token = [&](const char* name) {
    const std::int64_t id = metadata.integer(std::string("tokenizer.ggml.") + name + "_token_id", -1);
    return id >= 0 && id < c.vocab_size ? std::optional(id) : std::nullopt;
  };
  c.bos_token_id = token("bos");
  for (const char* name : {"eos", "eot", "eom"})
    if (const auto id = token(name); id && !c.ends_text(*id)) c.eos_token_ids.push_back(*id);
  return c;
}

Checkpoint open_gguf_checkpoint(const std::filesystem::path& path, const ModelConfig& config) {
  std::map<std::string, const ModelTensor*> wanted;
  const std::vector<ModelTensor> tensors = tensors_of(config);
  for (const ModelTensor& tensor : tensors)
    wanted[gguf_module(config, tensor.place) + (tensor.place.bias ? ".bias" : ".weight")] = &tensor;
  return Checkpoint(GgufFile(path), path, [&](TensorView& tensor) {
    if (tensor.name == kRopeFactors) {
      tensor.name.clear();
    } else if (const auto found = wanted.find(tensor.name); found != wanted.end()) {
      tensor.name = found->second->name;
      tensor.order = gguf_row_order(config, found->second->place);
    }
  });
}

}  // namespace aacft
