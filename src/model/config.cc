#include "aacft/model/config.h"

#include <algorithm>
#include <cmath>

#include "aacft/base/error.h"
#include "aacft/formats/json.h"

namespace aacft {
namespace {

using nlohmann::json;

// Typed access with errors that name the file and the key. A null counts as missing, as it does in transformers.
class Reader {
 public:
  Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  bool has(const char* key) const { return object_.contains(key) && !object_.at(key).is_null(); }

  std::int64_t size(const char* key, std::optional<std::int64_t> otherwise = {},
                    std::int64_t most = std::int64_t{1} << 31) const {
    if (!has(key) && otherwise) return *otherwise;
    if (!has(key)) throw Error(where_, ": \"", key, "\" is missing");
    const json& value = object_.at(key);
    if (!value.is_number_integer() || value.get<std::int64_t>() <= 0 || value.get<std::int64_t>() > most)
      throw Error(where_, ": \"", key, "\" must be a positive whole number of at most ", most, ", not ", value.dump());
    return value.get<std::int64_t>();
  }

  double number(const char* key, double otherwise) const {
    if (!has(key)) return otherwise;
    if (!object_.at(key).is_number())
      throw Error(where_, ": \"", key, "\" must be a number, not ", object_.at(key).dump());
    return object_.at(key).get<double>();
  }

  bool flag(const char* key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!object_.at(key).is_boolean()) throw Error(where_, ": \"", key, "\" must be true or false");
    return object_.at(key).get<bool>();
  }

  std::string text(const char* key, const std::string& otherwise) const {
    if (!has(key)) return otherwise;
    if (!object_.at(key).is_string()) throw Error(where_, ": \"", key, "\" must be a string");
    return object_.at(key).get<std::string>();
  }

  // A token id, or a list of them.
  std::vector<std::int64_t> tokens(const char* key) const {
    std::vector<std::int64_t> ids;
    if (!has(key)) return ids;
    const json& value = object_.at(key);
    for (const json& id : value.is_array() && !value.empty() ? value : json::array({value})) {
      if (!id.is_number_integer()) throw Error(where_, ": \"", key, "\" must be a token id, not ", id.dump());
      ids.push_back(id.get<std::int64_t>());
    }
    return ids;
  }

 private:
  const json& object_;
  std::string where_;
};

Activation parse_activation(const std::string& name, const std::string& where) {
  if (name == "gelu") return Activation::kGelu;
  if (name == "gelu_fast" || name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  throw Error(where, ": hidden_act \"", name, "\" is not known; gelu, gelu_new, gelu_fast and gelu_pytorch_tanh are");
}

// What no model has; keeps a wrong number from asking for all the memory there is, and products within 64 bits.
constexpr std::int64_t kMostLayers = 1 << 16, kMostPositions = 1 << 20;
constexpr double kMostParameters = 1e15;

// The base is an integer in most files, and strict readers want it to stay one.
json whole_if_possible(double value) {
  return std::abs(value) < 1e15 && std::floor(value) == value ? json(static_cast<std::int64_t>(value)) : json(value);
}

}  // namespace

std::int64_t ModelConfig::num_parameters() const {
  const std::int64_t h = hidden_size, i = intermediate_size;
  const std::int64_t attention = 4 * h * h + (attention_bias ? 4 * h : 0);
  const std::int64_t layer = attention + 2 * h * i + h + i + 4 * h;
  return vocab_size * h * (tied_embeddings ? 1 : 2) + num_layers * layer + 2 * h;
}

bool ModelConfig::ends_text(std::int64_t id) const {
  return std::find(eos_token_ids.begin(), eos_token_ids.end(), id) != eos_token_ids.end();
}

ModelConfig parse_model_config(const json& object, const std::string& where) {
  const Reader reader(object, where);
  if (const std::string type = reader.text("model_type", "gpt_neox"); type != "gpt_neox")
    throw Error(where, ": this is a model of type \"", type,
                "\"; aacft trains gpt_neox models (RedPajama, Pythia, ...)");
  ModelConfig c;
  c.vocab_size = reader.size("vocab_size");
  c.hidden_size = reader.size("hidden_size");
  c.num_layers = reader.size("num_hidden_layers", {}, kMostLayers);
  c.num_heads = reader.size("num_attention_heads");
  c.intermediate_size = reader.size("intermediate_size", 4 * c.hidden_size);
  c.max_positions = reader.size("max_position_embeddings", c.max_positions, kMostPositions);
  c.layer_norm_eps = reader.number("layer_norm_eps", c.layer_norm_eps);
  c.parallel_residual = reader.flag("use_parallel_residual", c.parallel_residual);
  c.tied_embeddings = reader.flag("tie_word_embeddings", c.tied_embeddings);
  c.attention_bias = reader.flag("attention_bias", c.attention_bias);
  c.hidden_dropout = reader.number("hidden_dropout", 0);
  c.attention_dropout = reader.number("attention_dropout", 0);
  c.activation = parse_activation(reader.text("hidden_act", "gelu"), where);
  if (const auto bos = reader.tokens("bos_token_id"); !bos.empty()) c.bos_token_id = bos.front();
  c.eos_token_ids = reader.tokens("eos_token_id");

  // transformers 4 wrote rotary_pct and rotary_emb_base, transformers 5 writes rope_parameters. Neither reads a
  // rope_theta outside of that for this family.
  c.rotary_pct = reader.number("rotary_pct", c.rotary_pct);
  c.rotary_base = reader.number("rotary_emb_base", c.rotary_base);
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    if (!reader.has(key)) continue;
    if (!object.at(key).is_object()) throw Error(where, ": \"", key, "\" must be an object");
    const Reader rope(object.at(key), where + ", \"" + key + "\"");
    const std::string type = rope.text("rope_type", rope.text("type", "default"));
    if (type != "default") throw Error(where, ": rotary positions of type \"", type, "\" are not supported");
    c.rotary_pct = rope.number("partial_rotary_factor", c.rotary_pct);
    c.rotary_base = rope.number("rope_theta", c.rotary_base);
  }

  const auto h = static_cast<double>(c.hidden_size);
  if (h * (2 * static_cast<double>(c.vocab_size) +
           static_cast<double>(c.num_layers) * (4 * h + 2 * static_cast<double>(c.intermediate_size))) >
      kMostParameters)
    throw Error(where, ": the sizes say that the model has more than ", kMostParameters,
                " parameters, which cannot be");
  if (c.hidden_size % c.num_heads != 0)
    throw Error(where, ": hidden_size ", c.hidden_size, " is not divisible by num_attention_heads ", c.num_heads);
  if (!(c.rotary_pct >= 0 && c.rotary_pct <= 1))
    throw Error(where, ": rotary_pct must be from 0 to 1, not ", c.rotary_pct);
  if ((c.rotary_dims() + 1) / 2 * 2 > c.head_dim())
    throw Error(where, ": rotary_pct ", c.rotary_pct, " makes an odd number of dimensions rotate, more than a head's ",
                c.head_dim(), " allow");
  if (!(c.rotary_base >= 1 && c.rotary_base <= 1e30))
    throw Error(where, ": the rotary base must be from 1 to 1e30, not ", c.rotary_base);
  if (!(c.layer_norm_eps > 0 && c.layer_norm_eps <= 1))
    throw Error(where, ": layer_norm_eps must be above 0 and at most 1, not ", c.layer_norm_eps);
  for (const std::int64_t id : c.eos_token_ids)
    if (id < 0 || id >= c.vocab_size)
      throw Error(where, ": eos_token_id must be a token id from 0 to ", c.vocab_size - 1, ", not ", id);
  return c;
}

ModelConfig read_model_config(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder))
    throw Error("no model folder ", folder, "; give one that holds config.json, the weights and the tokenizer");
  const auto path = folder / "config.json";
  ModelConfig c = parse_model_config(read_json_object(path), path.string());
  if (const auto generation = folder / "generation_config.json"; std::filesystem::exists(generation)) {
    const json object = read_json_object(generation);
    for (const std::int64_t id : Reader(object, generation.string()).tokens("eos_token_id"))
      if (id >= 0 && id < c.vocab_size && !c.ends_text(id)) c.eos_token_ids.push_back(id);
  }
  return c;
}

json eos_token_json(const ModelConfig& c) {
  if (c.eos_token_ids.empty()) return nullptr;
  return c.eos_token_ids.size() == 1 ? json(c.eos_token_ids.front()) : json(c.eos_token_ids);
}

json to_json(const ModelConfig& c, Dtype dtype) {
  json object = {
      {"architectures", {"GPTNeoXForCausalLM"}},
      {"attention_bias", c.attention_bias},
      {"hidden_act", c.activation == Activation::kGelu ? "gelu" : "gelu_fast"},
      {"hidden_size", c.hidden_size},
      {"initializer_range", 0.02},
      {"intermediate_size", c.intermediate_size},
      {"layer_norm_eps", c.layer_norm_eps},
      {"max_position_embeddings", c.max_positions},
      {"model_type", "gpt_neox"},
      {"num_attention_heads", c.num_heads},
      {"num_hidden_layers", c.num_layers},
      {"rotary_emb_base", whole_if_possible(c.rotary_base)},
      {"rotary_pct", c.rotary_pct},
      {"tie_word_embeddings", c.tied_embeddings},
      {"torch_dtype", dtype_name(dtype)},
      {"use_cache", true},
      {"use_parallel_residual", c.parallel_residual},
      {"vocab_size", c.vocab_size},
  };
  if (c.bos_token_id) object["bos_token_id"] = *c.bos_token_id;
  if (const json eos = eos_token_json(c); !eos.is_null()) object["eos_token_id"] = eos;
  return object;
}

}  // namespace aacft
