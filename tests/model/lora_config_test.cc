// adapter_config.json from strangers, and patterns that would take for ever.
#include "aacft/model/lora_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/goldens.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

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

TEST(LoraConfig, PatternsThatWouldTakeForEver) {
  const std::string name(200, 'a');
  for (const char* pattern : {"(a*)*(a*)*(a*)*b", "((((a|a)*|a)*|(a|aa)+)*)*b", "(a?){400}b", "(?=a*(?=a*b))a*"}) {
    try {
      EXPECT_FALSE(with("target_modules", pattern).targets(name)) << pattern;
    } catch (const Error&) {}
  }
  expect_fails([&] { with("target_modules", std::string(100'000, '(')); }, {"FILE", "target_modules"});
  expect_fails([&] { with("target_modules", "((a?){99}){99}"); }, {"FILE", "target_modules"});
  expect_fails([&] { with("target_modules", "(?=a(?=a(?=a)))"); }, {"FILE", "target_modules"});
  expect_fails([&] { with("target_modules", ".*").targets(std::string(1'000'000, 'a')); }, {"too long"});
  expect_fails([&] { with("target_modules", "(").targets(kModule); }, {"not a regular expression"});
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
