// config.json, and weights that do not fit it.
#include "aacft/model/config.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <limits>

#include "model/support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

json smallest() {
  return {{"model_type", "gpt_neox"},
          {"vocab_size", 50},
          {"hidden_size", 24},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 3}};
}

ModelConfig parse_with(const std::string& key, const json& value) {
  json object = smallest();
  object[key] = value;
  return parse_model_config(object, "FILE");
}

TEST(ModelConfig, DefaultsAreThoseOfTransformers) {
  const ModelConfig c = parse_model_config(smallest(), "FILE");
  EXPECT_EQ(c.vocab_size, 50);
  EXPECT_EQ(c.hidden_size, 24);
  EXPECT_EQ(c.num_layers, 2);
  EXPECT_EQ(c.num_heads, 3);
  EXPECT_EQ(c.head_dim(), 8);
  EXPECT_EQ(c.max_positions, 2048);
  EXPECT_EQ(c.rotary_pct, 0.25);
  EXPECT_EQ(c.rotary_dims(), 2);
  EXPECT_EQ(c.rotary_base, 10000);
  EXPECT_EQ(c.norm_eps, 1e-5);
  EXPECT_TRUE(c.parallel_residual);
  EXPECT_TRUE(c.qkv_bias && c.attention_output_bias);
  EXPECT_FALSE(c.tied_embeddings);
  EXPECT_EQ(c.activation, Activation::kGelu);
  EXPECT_TRUE(c.eos_token_ids.empty());
}

TEST(ModelConfig, BothSpellingsOfRotaryKeys) {
  json old_keys = smallest(), new_keys = smallest();
  old_keys.update({{"rotary_pct", 0.5}, {"rotary_emb_base", 5000}});
  new_keys["rope_parameters"] = {{"rope_type", "default"}, {"partial_rotary_factor", 0.5}, {"rope_theta", 5000}};
  for (const json& object : {old_keys, new_keys}) {
    const ModelConfig c = parse_model_config(object, "FILE");
    EXPECT_EQ(c.rotary_pct, 0.5);
    EXPECT_EQ(c.rotary_dims(), 4);
    EXPECT_EQ(c.rotary_base, 5000);
  }
  // A null counts as missing.
  old_keys.update({{"rope_scaling", nullptr}, {"rope_parameters", nullptr}, {"intermediate_size", nullptr}});
  EXPECT_EQ(parse_model_config(old_keys, "FILE").rotary_base, 5000);
  // Another family's key.
  old_keys["rope_theta"] = 500;
  EXPECT_EQ(parse_model_config(old_keys, "FILE").rotary_base, 5000);
  // int(head size * rotary_pct), as in transformers.
  EXPECT_EQ(parse_with("rotary_pct", 0.49).rotary_dims(), 3);
  EXPECT_EQ(parse_with("rotary_pct", 0).rotary_dims(), 0);
}

TEST(ModelConfig, Activations) {
  EXPECT_EQ(parse_with("hidden_act", "gelu").activation, Activation::kGelu);
  for (const char* name : {"gelu_fast", "gelu_new", "gelu_pytorch_tanh"})
    EXPECT_EQ(parse_with("hidden_act", name).activation, Activation::kGeluTanh) << name;
}

TEST(ModelConfig, TokenIds) {
  using Ids = std::vector<std::int64_t>;
  EXPECT_EQ(parse_with("eos_token_id", 7).eos_token_ids, Ids{7});
  EXPECT_EQ(parse_with("eos_token_id", {5, 6}).eos_token_ids, (Ids{5, 6}));
  EXPECT_TRUE(parse_with("eos_token_id", nullptr).eos_token_ids.empty());
  EXPECT_EQ(to_json(parse_with("eos_token_id", {5, 6}), Dtype::kFloat32).at("eos_token_id"), json({5, 6}));
  EXPECT_EQ(to_json(parse_with("eos_token_id", json::array({5})), Dtype::kFloat32).at("eos_token_id"), 5);

  // As in transformers, what generates text has a file of its own.
  const TemporaryFolder folder;
  json config = smallest();
  config["eos_token_id"] = 7;
  write_text(folder / "config.json", config.dump());
  write_text(folder / "generation_config.json", R"({"eos_token_id": [3, 7, 9, 5000]})");
  EXPECT_EQ(read_model_config(folder.path()).eos_token_ids, (Ids{7, 3, 9}));
  write_text(folder / "generation_config.json", R"({"temperature": 1})");
  EXPECT_EQ(read_model_config(folder.path()).eos_token_ids, Ids{7});
  for (const char* damaged : {R"({"eos_token_id": "</s>"})", "{bad", "version https://git-lfs.github.com/spec/v1"}) {
    write_text(folder / "generation_config.json", damaged);
    EXPECT_EQ(read_model_config(folder.path()).eos_token_ids, Ids{7});
  }
}

TEST(ModelConfig, ErrorsNameFileAndKey) {
  const json nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::tuple<std::string, json, std::string>> wrong = {
      {"model_type", "gemma", "gemma"},
      {"model_type", 3, "model_type"},
      {"vocab_size", 0, "vocab_size"},
      {"vocab_size", nullptr, "vocab_size"},
      {"hidden_size", -24, "hidden_size"},
      {"hidden_size", "24", "hidden_size"},
      {"hidden_size", 25, "num_attention_heads 3"},
      {"num_hidden_layers", 2.5, "num_hidden_layers"},
      {"num_attention_heads", 5, "num_attention_heads 5"},
      {"intermediate_size", true, "intermediate_size"},
      {"max_position_embeddings", 1ll << 40, "max_position_embeddings"},
      {"layer_norm_eps", 0, "layer_norm_eps"},
      {"layer_norm_eps", "1e-5", "layer_norm_eps"},
      {"layer_norm_eps", nan, "layer_norm_eps"},
      {"use_parallel_residual", 1, "use_parallel_residual"},
      {"tie_word_embeddings", "no", "tie_word_embeddings"},
      {"attention_bias", 0, "attention_bias"},
      {"hidden_act", "relu", "relu"},
      {"hidden_act", 1, "hidden_act"},
      {"eos_token_id", "</s>", "eos_token_id"},
      {"eos_token_id", json::array(), "eos_token_id"},
      {"rotary_pct", 1.5, "rotary_pct"},
      {"rotary_pct", -0.1, "rotary_pct"},
      {"rotary_pct", nan, "rotary_pct"},
      {"rotary_emb_base", 0, "rotary base"},
      {"rotary_emb_base", "10000", "rotary_emb_base"},
      {"rope_parameters", 3, "rope_parameters"},
      {"rope_parameters", {{"rope_type", "yarn"}}, "yarn"},
      {"rope_parameters", {{"rope_theta", "x"}}, "rope_theta"},
      {"rope_parameters", {{"partial_rotary_factor", 2}}, "rotary_pct"},
      {"rope_scaling", {{"type", "linear"}, {"factor", 2}}, "linear"},
  };
  for (const auto& [key, value, part] : wrong) {
    SCOPED_TRACE(key + " = " + value.dump());
    expect_fails([&] { parse_with(key, value); }, {"FILE", part});
  }
  for (const char* key : {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"}) {
    json object = smallest();
    object.erase(key);
    expect_fails([&] { parse_model_config(object, "FILE"); }, {"FILE", key, "missing"});
  }
}

// Sizes that no machine could hold are refused before anything is made of them.
TEST(ModelConfig, SizesThatCannotBe) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, json>>{{"num_hidden_layers", std::int64_t{1} << 31},
                                                 {"max_position_embeddings", std::int64_t{1} << 31},
                                                 {"vocab_size", 18446744073709551615u},
                                                 {"hidden_size", 1e300}})
    expect_fails([&] { parse_with(key, value); }, {"FILE", key, "positive whole number"});
  expect_fails([&] { parse_with("hidden_size", 3 * (1 << 29)); }, {"FILE", "parameters"});
  const ModelConfig c = parse_with("rotary_emb_base", 1e30);
  EXPECT_EQ(to_json(c, Dtype::kFloat32)["rotary_emb_base"], 1e30);
}

// Each of these would make fp32 overflow, or index past a table.
TEST(ModelConfig, NumbersThatCannotBe) {
  for (const auto& [key, value] : std::vector<std::pair<std::string, json>>{{"rotary_emb_base", 1e308},
                                                                            {"rotary_emb_base", 1e-300},
                                                                            {"layer_norm_eps", 1e308},
                                                                            {"layer_norm_eps", 0},
                                                                            {"eos_token_id", -1},
                                                                            {"eos_token_id", std::int64_t{1} << 40},
                                                                            {"eos_token_id", {0, 5000}}})
    expect_fails([&] { parse_with(key, value); }, {"FILE", key == "rotary_emb_base" ? "rotary base" : key});
}

TEST(ModelConfig, WrittenAndReadAgain) {
  ModelConfig c;
  c.vocab_size = 60, c.hidden_size = 24, c.intermediate_size = 70, c.num_layers = 3, c.num_heads = 2;
  c.max_positions = 99, c.rotary_pct = 0.3, c.rotary_base = 1234.5, c.norm_eps = 1e-6;
  c.parallel_residual = false, c.tied_embeddings = true, c.qkv_bias = c.attention_output_bias = false;
  c.activation = Activation::kGeluTanh, c.eos_token_ids = {4, 3};
  const json written = to_json(c, Dtype::kBFloat16);
  for (const char* key : {"rotary_pct", "rotary_emb_base", "use_parallel_residual", "tie_word_embeddings"})
    EXPECT_TRUE(written.contains(key)) << key;
  EXPECT_EQ(written.at("torch_dtype"), "bfloat16");
  EXPECT_EQ(written.at("model_type"), "gpt_neox");
  EXPECT_FALSE(written.contains("bos_token_id"));
  const ModelConfig again = parse_model_config(written, "FILE");
  EXPECT_EQ(to_json(again, Dtype::kBFloat16), written);
  EXPECT_EQ(again.rotary_base, 1234.5);
  EXPECT_EQ(again.eos_token_ids, c.eos_token_ids);
  c.rotary_base = 10000;
  EXPECT_TRUE(to_json(c, Dtype::kFloat32).at("rotary_emb_base").is_number_integer());
}

TEST(ModelConfig, ReadsFolders) {
  const TemporaryFolder folder;
  expect_fails([&] { read_model_config(folder / "none"); }, {"no model", "none"});
  expect_fails([&] { read_model_config(folder.path()); }, {"config.json"});
  write_text(folder / "config.json", "{\"vocab_size\": 5,\n]");
  expect_fails([&] { read_model_config(folder.path()); }, {"config.json:2"});
}

// ---- weights ----

class Weights : public ::testing::Test {
 protected:
  Weights() {
    config_.vocab_size = 20, config_.hidden_size = 8, config_.intermediate_size = 12, config_.num_layers = 2;
    config_.num_heads = 2, config_.max_positions = 16;
  }
  // Loads a model of random weights that `change` has touched; its warnings are in warnings_.
  void load(const std::function<void(NamedTensors&)>& change) {
    NamedTensors tensors = random_weights(config_, 1);
    change(tensors);
    write_model(folder_.path(), config_, tensors);
    warnings_.clear();
    Model model(folder_.path(), [&](const std::string& w) { warnings_.push_back(w); });
  }
  static Tensor& at(NamedTensors& tensors, const std::string& name) {
    for (auto& [n, tensor] : tensors)
      if (n == name) return tensor;
    throw std::out_of_range(name);
  }
  static void remove(NamedTensors& tensors, const std::string& name) {
    std::erase_if(tensors, [&](const auto& t) { return t.first == name; });
  }

  ModelConfig config_;
  TemporaryFolder folder_;
  std::vector<std::string> warnings_;
};

TEST_F(Weights, Missing) {
  const std::string one = "gpt_neox.layers.1.attention.dense.bias", two = "embed_out.weight";
  expect_fails([&] { load([&](NamedTensors& t) { remove(t, one), remove(t, two); }); },
               {folder_.path().string(), one, two});
  expect_fails([&] { load([&](NamedTensors& t) { t.resize(1); }); }, {"input_layernorm.weight", "more"});
}

TEST_F(Weights, Misshapen) {
  const std::string name = "gpt_neox.layers.0.mlp.dense_h_to_4h.weight";
  expect_fails([&] { load([&](NamedTensors& t) { at(t, name) = at(t, name).t().contiguous(); }); },
               {folder_.path().string(), name, "[8, 12]", "[12, 8]"});
}

TEST_F(Weights, OfAnotherType) {
  const std::string name = "gpt_neox.final_layer_norm.bias";
  expect_fails([&] { load([&](NamedTensors& t) { at(t, name) = at(t, name).to(torch::kInt64); }); }, {name, "int64"});
}

TEST_F(Weights, NotFinite) {
  const std::string name = "gpt_neox.layers.1.post_attention_layernorm.weight";
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    expect_fails([&] { load([&](NamedTensors& t) { at(t, name)[3] = value; }); }, {name, "not finite", "index 3"});
  // In a tensor that nobody uses it does not matter.
  load(
      [&](NamedTensors& t) { t.emplace_back("gpt_neox.layers.0.attention.masked_bias", torch::full({1}, -INFINITY)); });
}

TEST_F(Weights, ExtraOnesAreWarnedAbout) {
  load([&](NamedTensors& t) { t.emplace_back("score.weight", torch::ones({2})); });
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("score.weight"), std::string::npos);
}

TEST_F(Weights, OldBuffersAreIgnored) {
  load([&](NamedTensors& t) {
    t.emplace_back("gpt_neox.layers.0.attention.bias", torch::ones({1, 1, 4, 4}).to(torch::kBool));
    t.emplace_back("gpt_neox.layers.0.attention.masked_bias", torch::full({1}, -1e9));
    t.emplace_back("gpt_neox.layers.0.attention.rotary_emb.inv_freq", torch::ones({1}));
  });
  EXPECT_TRUE(warnings_.empty());
  load([&](NamedTensors& t) { t.emplace_back("gpt_neox.layers.9.attention.dense.bias", torch::ones({1})); });
  EXPECT_EQ(warnings_.size(), 1u);
}

TEST_F(Weights, HeadUnderItsOtherName) {
  load([&](NamedTensors& t) {
    t.emplace_back("lm_head.weight", at(t, "embed_out.weight")), remove(t, "embed_out.weight");
  });
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(Weights, TiedHeadIsTheEmbedding) {
  config_.tied_embeddings = true;
  load([](NamedTensors&) {});
  Model model(folder_.path(), {});
  EXPECT_EQ(model.head().parts[0].weight.value.data_ptr(), model.embedding().value.data_ptr());
  for (const NamedParameter& named : model.parameters()) EXPECT_NE(named.name, "embed_out.weight");
}

// As in transformers 5, which ties only what is the same.
TEST_F(Weights, ATiedHeadThatDiffersIsUsed) {
  load([](NamedTensors&) {});
  const Pass pass = make_pass(Random(2).sequences({3, 9}, config_.vocab_size));
  Model untied(folder_.path(), {});
  const NamedTensors tensors = random_weights(config_, 1);
  config_.tied_embeddings = true;
  write_model(folder_ / "b", config_, tensors);
  Model model(folder_ / "b", [&](const std::string& w) { warnings_.push_back(w); });
  EXPECT_FALSE(model.config().tied_embeddings);
  EXPECT_TRUE(same_bits(logits_of(model, pass), logits_of(untied, pass)));
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("tie_word_embeddings"), std::string::npos);
  // torch.save writes both, though they are one.
  load([](NamedTensors& t) { t.emplace_back("embed_out.weight", t.front().second); });
  EXPECT_TRUE(warnings_.empty());
  EXPECT_TRUE(Model(folder_.path(), {}).config().tied_embeddings);
}

// A stored type changes when a weight is widened, never what is computed with it.
TEST_F(Weights, HalfPrecisionIsWidenedExactly) {
  for (const auto type : {torch::kFloat16, torch::kBFloat16}) {
    NamedTensors tensors = random_weights(config_, 1, type), wide;
    for (const auto& [name, tensor] : tensors) wide.emplace_back(name, tensor.to(torch::kFloat32));
    write_model(folder_ / "narrow", config_, tensors);
    write_model(folder_ / "wide", config_, wide);
    Model narrow(folder_ / "narrow", {}), same(folder_ / "wide", {});
    EXPECT_EQ(scalar_type(narrow.stored_dtype()), type);
    EXPECT_EQ(same.stored_dtype(), Dtype::kFloat32);
    EXPECT_LT(narrow.weight_bytes(), same.weight_bytes());
    const Pass pass = make_pass(Random(2).sequences({1, 9}, config_.vocab_size));
    EXPECT_TRUE(same_bits(logits_of(narrow, pass), logits_of(same, pass)));
  }
}

TEST_F(Weights, LowMemoryChangesNothing) {
  load([](NamedTensors&) {});
  Model model(folder_.path(), {});
  const Pass pass = make_pass(Random(2).sequences({3, 9}, config_.vocab_size));
  const Tensor logits = logits_of(model, pass);
  Model small(folder_.path(), {}, {.low_memory = true});
  EXPECT_TRUE(same_bits(logits_of(small, pass), logits));
  EXPECT_TRUE(same_bits(logits_of(small, pass), logits));
}

// ---- random models ----

TEST_F(Weights, RandomModels) {
  config_.vocab_size = 400, config_.hidden_size = 64, config_.intermediate_size = 256;
  const auto tokenizer = goldens_dir() / "tokenizer/tokenizer.json";
  write_random_model(folder_ / "a", config_, Dtype::kFloat32, 7, tokenizer);
  write_random_model(folder_ / "b", config_, Dtype::kFloat32, 7, tokenizer);
  write_random_model(folder_ / "c", config_, Dtype::kFloat32, 8, {});
  write_random_model(folder_ / "half", config_, Dtype::kFloat16, 7, {});
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "a"))
    EXPECT_EQ(read_file(entry.path()), read_file(folder_ / "b" / entry.path().filename())) << entry.path();
  EXPECT_EQ(read_file(folder_ / "a/tokenizer.json"), read_file(tokenizer));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "c/tokenizer.json"));

  Model a(folder_ / "a", {}), c(folder_ / "c", {}), half(folder_ / "half", {});
  const auto parameters = a.parameters(), others = c.parameters(), halves = half.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i].name;
    const Tensor& value = parameters[i].parameter->value;
    const Tensor wide = value.to(torch::kFloat64);
    EXPECT_TRUE(halves[i].parameter->value.to(torch::kFloat32).equal(value.to(torch::kFloat16).to(torch::kFloat32)))
        << name;
    if (value.dim() == 1) {
      const double expected = name.find("norm.weight") == name.npos ? 0 : 1;
      EXPECT_TRUE(wide.eq(expected).all().item<bool>()) << name;
      continue;
    }
    EXPECT_FALSE(value.equal(others[i].parameter->value)) << name;
    // Five standard errors of a mean, a deviation and a fourth moment of N(0, 0.02).
    const double n = static_cast<double>(value.numel());
    const Tensor z = wide / 0.02;
    EXPECT_NEAR(z.mean().item<double>(), 0, 5 / std::sqrt(n)) << name;
    EXPECT_NEAR(z.pow(2).mean().item<double>(), 1, 5 * std::sqrt(2 / n)) << name;
    EXPECT_NEAR(z.pow(4).mean().item<double>(), 3, 5 * std::sqrt(96 / n)) << name;
    // Neighbours are independent.
    EXPECT_NEAR((z.flatten().slice(0, 1) * z.flatten().slice(0, 0, -1)).mean().item<double>(), 0, 5 / std::sqrt(n))
        << name;
  }
  EXPECT_FALSE(a.embedding().value.equal(a.head().parts[0].weight.value));
  expect_fails([&] { write_random_model(folder_ / "a", config_, Dtype::kFloat32, 7, {}); }, {"exists", "/a"});
  // Given up half-way, it leaves nothing.
  int left = 5;
  const auto before = [&] {
    if (--left == 0) throw Error("enough");
  };
  expect_fails([&] { write_random_model(folder_ / "sub/d", config_, Dtype::kFloat32, 7, {}, before); }, {"enough"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "sub/d"));
  if (std::filesystem::exists(folder_ / "sub")) {
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "sub"));
  }
}

}  // namespace
}  // namespace aacft::testing
