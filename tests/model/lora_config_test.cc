// adapter_config.json from strangers, and patterns that would take for ever.
#include "aacft/model/lora_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "support/goldens.h"

namespace aacft::testing {
namespace {

using json = nlohmann::ordered_json;

const std::string kModule = "gpt_neox.layers.12.attention.query_key_value";

LoraConfig with(const std::string& key, const json& value) {
  return parse_lora_config({{"peft_type", "LORA"}, {key, value}}, "FILE");
}

TEST(LoraConfig, Patterns) {
  EXPECT_TRUE(with("target_modules", ".*\\.(query_key_value|dense)").targets(kModule));
  EXPECT_TRUE(with("target_modules", "(?!.*mlp).*layers\\.[0-9]{1,2}\\..*").targets(kModule));
  EXPECT_FALSE(with("target_modules", "query_key_value").targets(kModule));  // a pattern is for the whole name
  EXPECT_TRUE(with("target_modules", json::array({"query_key_value"})).targets(kModule));
  EXPECT_EQ(with("rank_pattern", {{"layers\\.1[0-9]\\..*", 3}}).rank_of(kModule), 3);
  EXPECT_EQ(with("alpha_pattern", {{"query_key_value", 24}}).scale_of(kModule), 3);
}

// As in PEFT, which does not look on; the file's order is not that of the alphabet.
TEST(LoraConfig, TheFirstPatternThatMatchesCounts) {
  const json first_short = {{"query_key_value", 16}, {"attention.query_key_value", 64}},
             first_long = {{"attention.query_key_value", 64}, {"query_key_value", 16}};
  EXPECT_EQ(with("alpha_pattern", first_short).scale_of(kModule), 2);
  EXPECT_EQ(with("alpha_pattern", first_long).scale_of(kModule), 8);
  EXPECT_EQ(with("rank_pattern", first_short).rank_of(kModule), 16);
  for (const char* key : {"alpha_pattern", "rank_pattern"})
    EXPECT_EQ(to_json(with(key, first_short)).at(key), first_short);
}

// What PEFT 0.21 writes for LoraConfig(r=4), and keys that older versions wrote.
json defaults() {
  return json::parse(
      R"({"alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null, "auto_mapping": null,
      "base_model_name_or_path": "B", "bias": "none", "corda_config": null, "ensure_weight_tying": false,
      "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true,
      "init_lora_weights": true, "kasa_config": null, "layer_replication": null, "layers_pattern": null,
      "layers_to_transform": null, "loftq_config": {}, "lora_alpha": 8, "lora_bias": false, "lora_dropout": 0.0,
      "lora_ga_config": null, "megatron_config": null, "megatron_core": "megatron.core", "modules_to_save": null,
      "monteclora_config": null, "peft_type": "LORA", "peft_version": "0.21.0", "qalora_group_size": 16, "r": 4,
      "rank_pattern": {}, "revision": null, "target_modules": ["query_key_value"], "target_parameters": null,
      "task_type": "CAUSAL_LM", "trainable_token_indices": null, "use_bdlora": null, "use_dora": false,
      "use_qalora": false, "use_rslora": false, "velora_config": null,
      "enable_lora": null, "merge_weights": false})");
}

// Whatever PEFT's LoraConfig may hold is done, harmless or refused by its name; nothing is passed over.
TEST(LoraConfig, EveryKeyOfPeft) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"alora_invocation_tokens", "[1, 2]", "refused"},
      {"alora_invocation_tokens", "[]", "harmless"},
      {"arrow_config", R"({"top_k": 3})", "refused"},
      {"auto_mapping", R"({"base_model_class": "GPTNeoXForCausalLM"})", "harmless"},
      {"bias", "\"all\"", "refused"},
      {"bias", "\"lora_only\"", "refused"},
      {"corda_config", R"({"corda_method": "ipm"})", "harmless"},  // without init_lora_weights
      {"ensure_weight_tying", "true", "harmless"},
      {"eva_config", R"({"rho": 2.0})", "harmless"},
      {"fan_in_fan_out", "true", "harmless"},
      {"inference_mode", "false", "harmless"},
      {"init_lora_weights", "false", "harmless"},
      {"init_lora_weights", "\"gaussian\"", "harmless"},
      {"init_lora_weights", "\"Gaussian\"", "harmless"},
      {"init_lora_weights", "\"eva\"", "harmless"},
      {"init_lora_weights", "\"orthogonal\"", "harmless"},
      {"init_lora_weights", "\"mica\"", "harmless"},
      {"init_lora_weights", "\"pissa\"", "refused"},
      {"init_lora_weights", "\"pissa_niter_4\"", "refused"},
      {"init_lora_weights", "\"olora\"", "refused"},
      {"init_lora_weights", "\"corda\"", "refused"},
      {"init_lora_weights", "\"loftq\"", "refused"},
      {"init_lora_weights", "\"lora_ga\"", "refused"},
      {"init_lora_weights", "\"of next year\"", "refused"},
      {"kasa_config", R"({"beta": 0.0001})", "refused"},
      {"layer_replication", "[[0, 2], [1, 3]]", "refused"},
      {"layers_pattern", "\"layers\"", "harmless"},
      {"loftq_config", R"({"loftq_bits": 4})", "harmless"},
      {"lora_bias", "true", "refused"},
      {"lora_ga_config", R"({"direction": "ArB2r"})", "harmless"},
      {"megatron_config", R"({"tensor_model_parallel_size": 1})", "harmless"},
      {"megatron_core", "\"megatron.other\"", "harmless"},
      {"modules_to_save", "[\"embed_out\"]", "refused"},
      {"monteclora_config", R"({"num_samples": 8})", "refused"},
      {"qalora_group_size", "32", "harmless"},
      {"revision", "\"main\"", "harmless"},
      {"runtime_config", R"({"ephemeral_gpu_offload": false})", "harmless"},
      {"target_parameters", "[\"mlp.weight\"]", "refused"},
      {"task_type", "null", "harmless"},
      {"trainable_token_indices", "[3]", "refused"},
      {"trainable_token_indices", R"({"embed_in": [3]})", "refused"},
      {"use_bdlora", R"({"nblocks": 2})", "refused"},
      {"use_qalora", "true", "refused"},
      {"velora_config", R"({"num_groups": 64})", "refused"},
      {"enable_lora", "[true, false, true]", "refused"},
      {"merge_weights", "true", "harmless"},
  };
  std::vector<std::string> warnings;
  const Warn warn = [&](const std::string& w) { warnings.push_back(w); };
  const json plain = to_json(parse_lora_config(defaults(), "FILE", warn));
  for (const auto& [key, value, what] : cases) {
    SCOPED_TRACE(key + " = " + value);
    json object = defaults();
    object[key] = json::parse(value);
    if (what == "refused") {
      expect_fails([&] { parse_lora_config(object, "FILE", warn); }, {"FILE", "\"" + key + "\""});
    } else {
      EXPECT_EQ(to_json(parse_lora_config(object, "FILE", warn)), plain);
    }
  }
  EXPECT_TRUE(warnings.empty()) << warnings.front();
  // The rest of the keys are read, and make a difference.
  std::set<std::string> others;
  const json all = defaults();
  for (const auto& [key, value] : all.items()) others.insert(key);
  for (const auto& [key, value, what] : cases) others.erase(key);
  EXPECT_EQ(others,
            (std::set<std::string>{"alpha_pattern", "base_model_name_or_path", "exclude_modules", "layers_to_transform",
                                   "lora_alpha", "lora_dropout", "peft_type", "peft_version", "r", "rank_pattern",
                                   "target_modules", "use_dora", "use_rslora"}));
}

TEST(LoraConfig, UnknownKeysAreWarnedAbout) {
  std::vector<std::string> warnings;
  json object = defaults();
  object["use_of_next_year"] = true;
  object["off"] = false;
  parse_lora_config(object, "FILE", [&](const std::string& w) { warnings.push_back(w); });
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("use_of_next_year"), std::string::npos);
}

TEST(LoraConfig, ExcludedModules) {
  for (const json& excluded : {json({"query_key_value", "mlp.dense"}), json(".*layers\\.(12|13)\\..*")}) {
    json object = defaults();
    object["target_modules"] = "all-linear";
    object["exclude_modules"] = excluded;
    const LoraConfig c = parse_lora_config(object, "FILE");
    EXPECT_FALSE(c.targets(kModule));
    EXPECT_TRUE(c.targets("gpt_neox.layers.1.attention.dense"));
    EXPECT_EQ(to_json(c).at("exclude_modules"), excluded);
  }
}

// Which modules it is that a pattern means, an adapter's tensors tell as well.
TEST(LoraConfig, TargetPatternsThatCannotBeRead) {
  for (const char* key : {"target_modules", "exclude_modules"})
    for (const char* pattern : {"(?=.*a)(?=.*b)(?=.*c).*", "(?<!mlp\\.)dense", "(", "((a?){99}){99}"}) {
      std::vector<std::string> warnings;
      json object = defaults();
      object[key] = pattern;
      const LoraConfig c = parse_lora_config(object, "FILE", [&](const std::string& w) { warnings.push_back(w); });
      EXPECT_TRUE(c.target_modules.empty() && c.target_pattern.empty() && c.excluded_pattern.empty());
      ASSERT_EQ(warnings.size(), 1u) << key << " " << pattern;
      for (const std::string part : {"FILE", key, pattern}) EXPECT_NE(warnings[0].find(part), std::string::npos);
    }
}

TEST(LoraConfig, PatternsThatWouldTakeForEver) {
  const std::string name(200, 'a');
  for (const char* pattern : {"(a*)*(a*)*(a*)*b", "((((a|a)*|a)*|(a|aa)+)*)*b", "(a?){400}b", "(?=a*(?=a*b))a*"}) {
    try {
      EXPECT_FALSE(with("target_modules", pattern).targets(name)) << pattern;
    } catch (const Error&) {}
  }
  for (const std::string& pattern :
       {std::string(100'000, '('), std::string("((a?){99}){99}"), std::string("(?=a(?=a(?=a)))")})
    expect_fails([&] { with("rank_pattern", {{pattern, 1}}); }, {"FILE", "rank_pattern", "too long"});
  expect_fails([&] { with("target_modules", ".*").targets(std::string(1'000'000, 'a')); }, {"too long"});
}

TEST(LoraConfig, NumbersThatCannotBe) {
  for (const json& rank : {json(0), json(-1), json(1'000'000'000), json(18446744073709551615u)}) {
    expect_fails([&] { with("r", rank); }, {"FILE", "\"r\""});
    expect_fails([&] { with("rank_pattern", {{".*", rank}}); }, {"FILE", "rank_pattern"});
  }
  expect_fails([&] { with("r", 2.5); }, {"FILE", "\"r\"", "2.5"});
  expect_fails([&] { with("lora_dropout", 1); }, {"FILE", "lora_dropout"});
  expect_fails([&] { with("layers_to_transform", {1e300}); }, {"FILE", "layers_to_transform"});
  expect_fails([&] { with("lora_alpha", 1e300); }, {"FILE", "lora_alpha"});
  expect_fails([&] { with("alpha_pattern", {{".*", 1e300}}); }, {"FILE", "alpha_pattern"});
  for (const char* key : {"rank_pattern", "alpha_pattern"}) {
    expect_fails([&] { with(key, {{"(", 1}}); }, {"FILE", key, "not a regular expression"});
    expect_fails([&] { with(key, {{std::string(5000, '('), 1}}); }, {"FILE", key, "too long"});
  }
  EXPECT_EQ(to_json(with("lora_alpha", 1e20))["lora_alpha"], 1e20);
  EXPECT_EQ(with("r", nullptr).rank, 8);
}

}  // namespace
}  // namespace aacft::testing
