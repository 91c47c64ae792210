#include "tokenizer_config.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aacft/formats/json.h"
#include "json_field.h"

namespace aacft {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json read_if_there(const fs::path& file) { return fs::exists(file) ? read_json_object(file) : json::object(); }

// Named in tokenizer_config.json, or else the one that transformers takes for the type of model.
bool is_llama_class(const fs::path& folder, const JsonField& config) {
  if (const JsonField name = config["tokenizer_class"]; !name.null()) {
    const std::string text = name.string();
    return text == "LlamaTokenizer" || text == "LlamaTokenizerFast";
  }
  const json model = read_if_there(folder / "config.json");
  const auto type = model.find("model_type");
  return type != model.end() && (*type == "llama" || *type == "mistral");
}

// A special token is text, or an object with its text as "content"; the classes have names for those left out.
std::vector<std::int32_t> special_token(const JsonField& field, const char* otherwise, const Tokenizer& tokenizer) {
  std::string text = otherwise;
  if (field.value().is_object()) {
    text = field["content"].string();
  } else if (!field.null()) {
    text = field.string();
  }
  const auto id = tokenizer.find(text);
  if (!id) field.fail("\"", text, "\" is no token of this tokenizer");
  return {*id};
}

// What it names is not always a token.
std::optional<std::int32_t> end_token(const json& config, const Tokenizer& tokenizer) {
  const json named = config.value("eos_token", json());
  const json text = named.is_object() ? named.value("content", json()) : named;
  return text.is_string() ? tokenizer.find(text.get<std::string>()) : std::nullopt;
}

}  // namespace

void apply_tokenizer_config(const fs::path& folder, bool has_template, Tokenizer& tokenizer) {
  const fs::path file = folder / "tokenizer_config.json";
  const json content = read_if_there(file);
  const JsonField config(file, "", content);
  tokenizer.set_end_token(end_token(content, tokenizer));
  const JsonField add_bos = config["add_bos_token"], add_eos = config["add_eos_token"];
  if (has_template && add_bos.null() && add_eos.null()) return;
  if (!is_llama_class(folder, config)) return;
  std::vector<std::int32_t> beginning, ending;
  if (add_bos.flag(true)) beginning = special_token(config["bos_token"], "<s>", tokenizer);
  if (add_eos.flag(false)) ending = special_token(config["eos_token"], "</s>", tokenizer);
  tokenizer.surround(std::move(beginning), std::move(ending));
}

}  // namespace aacft
