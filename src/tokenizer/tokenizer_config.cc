#include "tokenizer_config.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "aacft/formats/json.h"
#include "aacft/tokenizer/tokenizer_json.h"
#include "json_field.h"
#include "special_pieces.h"

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
std::string special_text(const JsonField& field, const char* otherwise) {
  if (field.value().is_object()) return field["content"].not_empty();
  return field.null() ? otherwise : field.not_empty();
}

std::int32_t special_id(const JsonField& field, const char* otherwise, const Tokenizer& tokenizer) {
  const std::string text = special_text(field, otherwise);
  const auto id = tokenizer.find(text);
  if (!id) field.fail("\"", text, "\" is no token of this tokenizer");
  return *id;
}

// What it names is not always a token.
std::optional<std::int32_t> named_token(const json& config, const char* key, const Tokenizer& tokenizer) {
  const json named = config.value(key, json());
  const json text = named.is_object() ? named.value("content", json()) : named;
  return text.is_string() ? tokenizer.find(text.get<std::string>()) : std::nullopt;
}

}  // namespace

SpecialTokens read_special_tokens(const fs::path& folder, const Tokenizer& tokenizer) {
  const json config = read_if_there(folder / "tokenizer_config.json"), model = read_if_there(folder / "config.json");
  const auto token = [&](const char* name) -> std::optional<std::int32_t> {
    if (const auto id = named_token(config, (std::string(name) + "_token").c_str(), tokenizer)) return id;
    json id = model.value(std::string(name) + "_token_id", json());
    if (id.is_array() && !id.empty()) id = json(id[0]);  // the first of several ends
    if (!id.is_number_integer() || id < 0 || id >= tokenizer.size()) return std::nullopt;
    return id.get<std::int32_t>();
  };
  return {token("bos"), token("eos"), token("unk"), token("pad")};
}

std::unique_ptr<Tokenizer> configured(const fs::path& file, std::unique_ptr<Tokenizer> tokenizer) {
  const fs::path folder = file.parent_path(), config_file = folder / "tokenizer_config.json";
  const json content = read_if_there(config_file);
  const JsonField config(config_file, "", content);
  const JsonField add_bos = config["add_bos_token"], add_eos = config["add_eos_token"];
  const bool json_file = file.extension() == ".json";
  tokenizer->set_end_token(named_token(content, "eos_token", *tokenizer));
  if (json_file && add_bos.null() && add_eos.null()) return tokenizer;
  if (!is_llama_class(folder, config)) return tokenizer;
  const JsonField bos = config["bos_token"], eos = config["eos_token"];
  if (!json_file) {
    const std::string unknown = special_text(config["unk_token"], "<unk>");
    tokenizer =
        with_special_pieces(std::move(tokenizer), {unknown, special_text(bos, "<s>"), special_text(eos, "</s>")});
  }
  std::vector<std::int32_t> beginning, ending;
  if (add_bos.flag(true)) beginning = {special_id(bos, "<s>", *tokenizer)};
  if (add_eos.flag(false)) ending = {special_id(eos, "</s>", *tokenizer)};
  tokenizer->surround(std::move(beginning), std::move(ending));
  return tokenizer;
}

}  // namespace aacft
