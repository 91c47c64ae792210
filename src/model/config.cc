#include "aacft/model/config.h"

#include <algorithm>

#include "aacft/base/error.h"
#include "aacft/formats/json.h"
#include "aacft/model/config_keys.h"
#include "aacft/model/family.h"
#include "aacft/model/gguf_model.h"
#include "model/config_reader.h"

namespace aacft {
namespace {

using nlohmann::json;

// What no model has; keeps a wrong number from asking for all the memory there is, and products within 64 bits.
constexpr std::int64_t kMostLayers = 1 << 16;
constexpr double kMostParameters = 1e15;

// "gpt_neox models (RedPajama, Pythia, ...)"
std::string known_families() {
  std::string text;
  for (const Family* family : families())
    text +=
        (text.empty() ? "" : ", ") + std::string(family->model_type) + " models (" + std::string(family->known) + ")";
  return text;
}

void check_sizes(const ModelConfig& c, const std::string& where) {
  const auto number = [](std::int64_t value) { return static_cast<double>(value); };
  const double heads = number(c.num_heads + c.kv_heads()) * number(std::max<std::int64_t>(c.head_dim(), 1));
  if (number(c.hidden_size) *
          (2 * number(c.vocab_size) + number(c.num_layers) * (2 * heads + 3 * number(c.intermediate_size))) >
      kMostParameters)
    throw Error(where, ": the sizes say that the model has more than ", kMostParameters,
                " parameters, which cannot be");
  if (c.head_size == 0 && c.hidden_size % c.num_heads != 0)
    throw Error(where, ": hidden_size ", c.hidden_size, " is not divisible by num_attention_heads ", c.num_heads);
  if (c.num_heads % c.kv_heads() != 0)
    throw Error(where, ": num_attention_heads ", c.num_heads, " is not divisible by num_key_value_heads ",
                c.kv_heads());
}

void check_rotary(const ModelConfig& c, const std::string& where) {
  if (!(c.rotary_pct >= 0 && c.rotary_pct <= 1))
    throw Error(where, ": rotary_pct must be from 0 to 1, not ", c.rotary_pct);
  if ((c.rotary_dims() + 1) / 2 * 2 > c.head_dim())
    throw Error(where, ": an odd number of dimensions (", c.rotary_dims(), ") would rotate, more than a head's ",
                c.head_dim(), " allow");
  if (!(c.rotary_base >= 1 && c.rotary_base <= 1e30))
    throw Error(where, ": the rotary base must be from 1 to 1e30, not ", c.rotary_base);
}

}  // namespace

std::int64_t ModelConfig::num_parameters() const {
  std::int64_t count = 0;
  for (const ModelTensor& tensor : tensors_of(*this)) {
    std::int64_t size = 1;
    for (const std::int64_t s : tensor.shape) size *= s;
    count += size;
  }
  return count;
}

bool ModelConfig::ends_text(std::int64_t id) const {
  return std::find(eos_token_ids.begin(), eos_token_ids.end(), id) != eos_token_ids.end();
}

ModelConfig parse_model_config(const json& object, const std::string& where) {
  const ConfigReader reader(object, where);
  const std::string type = reader.text("model_type", "gpt_neox");
  const Family* family = find_family(type);
  if (family == nullptr)
    throw Error(where, ": aacft does not know models of type \"", type, "\" yet; it knows ", known_families());
  refuse_unsupported_keys(object, where);
  ModelConfig c;
  c.model_type = type;
  c.vocab_size = reader.size("vocab_size");
  c.hidden_size = reader.size("hidden_size");
  c.num_layers = reader.size("num_hidden_layers", {}, kMostLayers);
  c.num_heads = reader.size("num_attention_heads");
  c.max_positions = reader.size("max_position_embeddings", c.max_positions, kMostPositions);
  c.tied_embeddings = reader.flag("tie_word_embeddings", c.tied_embeddings);
  if (const auto bos = reader.tokens("bos_token_id"); !bos.empty()) c.bos_token_id = bos.front();
  c.eos_token_ids = reader.tokens("eos_token_id");
  family->read(reader, c);

  check_sizes(c, where);
  check_rotary(c, where);
  for (const std::int64_t id : c.eos_token_ids)
    if (id < 0 || id >= c.vocab_size)
      throw Error(where, ": eos_token_id must be a token id from 0 to ", c.vocab_size - 1, ", not ", id);
  return c;
}

ModelConfig read_model_config(const std::filesystem::path& folder) {
  if (is_gguf(folder)) return read_gguf_config(GgufFile(folder));
  if (!std::filesystem::is_directory(folder))
    throw Error("no model ", folder,
                "; give a folder that holds config.json, the weights and the tokenizer, or a GGUF file");
  const auto path = folder / "config.json";
  ModelConfig c = parse_model_config(read_json_object(path), path.string());
  const auto generation = folder / "generation_config.json";
  if (!std::filesystem::exists(generation)) return c;
  try {
    const json object = read_json_object(generation);
    for (const std::int64_t id : ConfigReader(object, generation.string()).tokens("eos_token_id"))
      if (id >= 0 && id < c.vocab_size && !c.ends_text(id)) c.eos_token_ids.push_back(id);
  } catch (const Error&) {
    // transformers goes on without it, too.
  }
  return c;
}

json eos_token_json(const ModelConfig& c) {
  if (c.eos_token_ids.empty()) return nullptr;
  return c.eos_token_ids.size() == 1 ? json(c.eos_token_ids.front()) : json(c.eos_token_ids);
}

json to_json(const ModelConfig& c, Dtype dtype) {
  json object = family_of(c).write(c);
  object["torch_dtype"] = dtype_name(dtype);
  if (c.bos_token_id) object["bos_token_id"] = *c.bos_token_id;
  if (const json eos = eos_token_json(c); !eos.is_null()) object["eos_token_id"] = eos;
  return object;
}

}  // namespace aacft
