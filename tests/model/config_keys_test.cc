// Every key of transformers' configurations does what docs/formats.md says of it.
#include "aacft/model/config_keys.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "aacft/base/error.h"
#include "aacft/formats/json.h"
#include "aacft/model/config.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

std::vector<std::string> quoted(const std::string& cell) {
  std::vector<std::string> names;
  for (std::size_t at = cell.find('`'); at != cell.npos; at = cell.find('`', at + 1)) {
    const std::size_t end = cell.find('`', at + 1);
    names.push_back(cell.substr(at + 1, end - at - 1));
    at = end;
  }
  return names;
}

// The cells of the table behind a title of docs/formats.md.
std::vector<std::vector<std::string>> table(const std::string& title) {
  std::ifstream file(source_dir() / "docs/formats.md");
  std::vector<std::vector<std::string>> rows;
  bool behind = false;
  for (std::string line; std::getline(file, line);) {
    if (line.find(title) != line.npos) behind = true;
    if (!behind || line.empty()) continue;
    if (line[0] != '|') {
      if (rows.empty()) continue;
      break;
    }
    std::istringstream cells(line.substr(1));
    rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, '|');)
      rows.back().push_back(cell.substr(std::min(cell.find_first_not_of(' '), cell.size())));
  }
  EXPECT_GT(rows.size(), 2u) << title;
  if (rows.size() > 2) rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

json smallest(const std::string& family) {
  json config = {{"model_type", family},   {"vocab_size", 50},         {"hidden_size", 24},
                 {"num_hidden_layers", 2}, {"num_attention_heads", 3}, {"intermediate_size", 32}};
  if (family != "gpt_neox") config["num_key_value_heads"] = 3;
  return config;
}

// All that the rest of the program knows of a configuration.
json meaning(const json& config) {
  const ModelConfig c = parse_model_config(config, "FILE");
  return {
      to_json(c, Dtype::kFloat32), c.num_parameters(), c.context(), c.rotary_pct, c.rotary_base, c.norm_eps, c.qkv_bias,
      c.attention_output_bias,     c.mlp_bias};
}

// "" if it can be read, else the error.
std::string refusal(const json& config) {
  try {
    parse_model_config(config, "FILE");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class ConfigKeys : public ::testing::Test {
 protected:
  static json known() { return read_json_object(source_dir() / "tests/model/config_keys.json"); }

  std::string warning(const char* file, const json& object, void (*look)(const std::filesystem::path&, const Warn&)) {
    write_text(folder_ / file, object.dump());
    std::string text;
    look(folder_.path(), [&](const std::string& w) { text += w + "\n"; });
    return text;
  }

  // One key of one family, against the word of its row.
  void check(const std::string& family, const std::string& key, const json& entry, const std::string& treatment) {
    json without = smallest(family);
    if (entry.contains("with")) without.update(entry["with"]);
    json with = without;
    with[key] = entry["value"];
    EXPECT_EQ(warning("config.json", with, warn_of_unknown_keys), "");
    const std::string error = refusal(with);
    if (treatment.starts_with("honoured") && error.empty()) {
      EXPECT_NE(meaning(with), meaning(without));
    } else if (treatment.starts_with("honoured") || treatment.starts_with("refused")) {
      EXPECT_NE(error.find("FILE"), error.npos) << "it is taken";
    } else if (treatment.starts_with("warned about by `train` and `plan`")) {
      ASSERT_EQ(error, "");
      const ModelConfig c = parse_model_config(with, "FILE");  // whose dropouts they warn of
      EXPECT_EQ(key == "hidden_dropout" ? c.hidden_dropout : c.attention_dropout, entry["value"].get<double>());
    } else {
      EXPECT_TRUE(treatment.starts_with("harmless")) << treatment;
      ASSERT_EQ(error, "");
      EXPECT_EQ(meaning(with), meaning(without));
    }
  }

  TemporaryFolder folder_;
};

TEST_F(ConfigKeys, OfModelsAreInTheTableAndDoAsItSays) {
  const json families = known().at("families");
  std::map<std::pair<std::string, std::string>, std::string> treatments;  // of family and key
  for (const auto& row : table("**Keys of config.json**")) {
    ASSERT_EQ(row.size(), 3u) << row[0];
    for (const auto& [family, keys] : families.items()) {
      const auto named = quoted(row[1]);
      if (!row[1].starts_with("all") && std::find(named.begin(), named.end(), family) == named.end()) continue;
      for (const std::string& key : quoted(row[0])) {
        EXPECT_TRUE(treatments.emplace(std::pair(family, key), row[2]).second) << key << " stands in two rows";
        EXPECT_TRUE(keys.contains(key) || row[1].starts_with("all")) << family << " has no " << key;
      }
    }
  }
  for (const auto& [family, keys] : families.items())
    for (const auto& [key, entry] : keys.items()) {
      SCOPED_TRACE(family + ": " + key);
      const auto found = treatments.find({family, key});
      if (found == treatments.end()) ADD_FAILURE() << "docs/formats.md says nothing of it";
      else check(family, key, entry, found->second);
    }
}

TEST_F(ConfigKeys, OfGenerationAreInTheTableAndDoAsItSays) {
  const json keys = known().at("generation");
  std::map<std::string, std::string> treatments;
  for (const auto& row : table("**Keys of generation_config.json**"))
    for (const std::string& key : quoted(row[0])) {
      EXPECT_TRUE(treatments.emplace(key, row[1]).second) << key << " stands in two rows";
      EXPECT_TRUE(keys.contains(key)) << key;
    }
  write_text(folder_ / "config.json", smallest("llama").dump());
  for (const auto& [key, entry] : keys.items()) {
    SCOPED_TRACE(key);
    ASSERT_TRUE(treatments.contains(key)) << "docs/formats.md says nothing of it";
    const std::string& treatment = treatments[key];
    json object = entry.value("with", json::object());
    object[key] = entry["value"];
    const std::string text = warning("generation_config.json", object, warn_of_generation_config);
    const bool told = text.find(" asks for ") != text.npos && text.find(key + " ") != text.npos;
    EXPECT_EQ(told, treatment.starts_with("warned about")) << text;
    EXPECT_EQ(text.find("does not know"), text.npos) << text;
    const auto ends = read_model_config(folder_.path()).eos_token_ids;
    EXPECT_EQ(ends.empty(), !treatment.starts_with("honoured"));
  }
}

TEST_F(ConfigKeys, ThatNobodyKnowsAreWarnedOf) {
  json config = smallest("gpt_neox");
  config.update({{"alibi", true},
                 {"logit_scale", 0.5},
                 {"rope_interleaved", false},
                 {"nothing", nullptr},
                 {"none", json::array()}});
  const std::string text = warning("config.json", config, warn_of_unknown_keys);
  EXPECT_NE(text.find(R"(config.json: aacft does not know "alibi", "logit_scale", and goes without)"), text.npos)
      << text;
  EXPECT_NE(warning("generation_config.json", {{"dry_multiplier", 0.8}}, warn_of_generation_config)
                .find("\"dry_multiplier\""),
            text.npos);
  // As in transformers, a damaged file asks for nothing.
  write_text(folder_ / "generation_config.json", "{bad");
  warn_of_generation_config(folder_.path(), [](const std::string& w) { ADD_FAILURE() << w; });
  warn_of_generation_config(folder_ / "none", [](const std::string& w) { ADD_FAILURE() << w; });
}

TEST_F(ConfigKeys, SamplingIsToldInOneLine) {
  const json llama = {
      {"do_sample", true}, {"temperature", 0.6}, {"top_p", 0.9}, {"top_k", nullptr}, {"repetition_penalty", 1.0}};
  const std::string text = warning("generation_config.json", llama, warn_of_generation_config);
  EXPECT_NE(text.find("generation_config.json asks for do_sample true, temperature 0.6, top_p 0.9: "), text.npos)
      << text;
  // Without do_sample they change nothing.
  EXPECT_EQ(warning("generation_config.json", {{"temperature", 0.6}, {"top_p", 0.9}}, warn_of_generation_config), "");
}

// As in transformers: rope_scaling, if it says anything, stands for all of rope_parameters.
TEST_F(ConfigKeys, OneObjectSaysHowPositionsTurn) {
  for (const char* family : {"gpt_neox", "llama"}) {
    json config = smallest(family);
    config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 777}};
    config["rope_scaling"] = json::object();
    EXPECT_EQ(parse_model_config(config, "FILE").rotary_base, 777) << family;
    config["rope_scaling"] = {{"rope_type", "default"}, {"rope_theta", 999}};
    EXPECT_EQ(parse_model_config(config, "FILE").rotary_base, 999) << family;
    config["rope_scaling"] = {{"rope_type", "default"}};
    EXPECT_EQ(parse_model_config(config, "FILE").rotary_base, 10000) << family;
  }
}

}  // namespace
}  // namespace aacft::testing
