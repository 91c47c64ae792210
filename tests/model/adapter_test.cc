// Adapters: which modules, how they start, and PEFT's folders.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <set>

#include "aacft/base/file.h"
#include "aacft/formats/json.h"
#include "model/support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

ModelConfig small_config() {
  ModelConfig c;
  c.vocab_size = 30, c.hidden_size = 16, c.intermediate_size = 40, c.num_layers = 12, c.num_heads = 2,
  c.max_positions = 16;
  return c;
}

// ---- targets ----

class Targeting : public ::testing::Test {
 protected:
  Targeting() : model_(small_config()) {}

  Adapter create(const LoraConfig& config, std::uint64_t seed = 1) {
    warnings_.clear();
    return Adapter::create(config, *model_, seed, [&](const std::string& w) { warnings_.push_back(w); });
  }
  // Endings of the adapted modules' names, and how many there are.
  std::multiset<std::string> adapted(const LoraConfig& config) {
    std::multiset<std::string> endings;
    const Adapter adapter = create(config);
    for (const auto& m : adapter.modules()) endings.insert(m->name.substr(m->name.rfind('.') + 1));
    return endings;
  }
  static LoraConfig targets(std::vector<std::string> names) {
    LoraConfig c;
    c.target_modules = std::move(names);
    return c;
  }
  static LoraConfig pattern(const std::string& text) {
    LoraConfig c;
    c.target_modules.clear();
    c.target_pattern = text;
    return c;
  }

  SmallModel model_;
  std::vector<std::string> warnings_;
};

std::multiset<std::string> repeated(const std::vector<std::string>& names, int count) {
  std::multiset<std::string> all;
  for (const std::string& name : names)
    for (int i = 0; i < count; ++i) all.insert(name);
  return all;
}

TEST_F(Targeting, ByEnding) {
  EXPECT_EQ(adapted({}), repeated({"query_key_value"}, 12));
  EXPECT_EQ(adapted(targets({"dense"})), repeated({"dense"}, 12));  // not dense_h_to_4h
  EXPECT_EQ(adapted(targets({"attention.dense", "dense_4h_to_h"})), repeated({"dense", "dense_4h_to_h"}, 12));
  EXPECT_EQ(adapted(targets({"gpt_neox.layers.3.mlp.dense_h_to_4h"})), repeated({"dense_h_to_4h"}, 1));
  EXPECT_EQ(adapted(targets({"1.attention.dense"})), repeated({"dense"}, 1));  // not layer 11's
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(Targeting, EndingsWithoutAMatch) {
  EXPECT_EQ(adapted(targets({"query_key_value", "xxx"})), repeated({"query_key_value"}, 12));
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("\"xxx\""), std::string::npos);
  expect_fails<UsageError>(
      [&] {
        create(targets({"q_proj", "ense"}));
      },
      {"match nothing", "query_key_value", "dense_4h_to_h"});
  EXPECT_EQ(adapted(targets({})), repeated({"query_key_value"}, 12));  // as PEFT by default
}

TEST_F(Targeting, ByPattern) {
  EXPECT_EQ(adapted(pattern("all-linear")),
            repeated({"query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"}, 12));
  EXPECT_EQ(adapted(pattern(".*\\.[01]\\.mlp\\..*")), repeated({"dense_h_to_4h", "dense_4h_to_h"}, 2));
  // As re.fullmatch: the whole name.
  expect_fails<UsageError>([&] { create(pattern("dense")); }, {"match nothing"});
  expect_fails([&] { create(pattern("(dense")); }, {"(dense", "regular expression"});
}

TEST_F(Targeting, OnlySomeLayers) {
  LoraConfig c = targets({"dense"});
  c.layers = {{1, 5}};
  const Adapter adapter = create(c);
  ASSERT_EQ(adapter.modules().size(), 2u);
  EXPECT_EQ(adapter.modules()[0]->name, "gpt_neox.layers.1.attention.dense");
  EXPECT_EQ(adapter.modules()[1]->name, "gpt_neox.layers.5.attention.dense");
  EXPECT_NE(adapter.find("gpt_neox.layers.5.attention.dense"), nullptr);
  EXPECT_EQ(adapter.find("gpt_neox.layers.2.attention.dense"), nullptr);
  c.layers = {{12}};
  expect_fails<UsageError>([&] { create(c); }, {"match nothing"});
}

TEST_F(Targeting, RanksAndScalesByPattern) {
  LoraConfig c = targets({"dense", "query_key_value"});
  c.rank = 2, c.alpha = 8;
  c.rank_pattern = {{"query_key_value", 4}, {"layers\\.3\\.attention\\.dense", 1}};
  c.alpha_pattern = {{"dense", 6}};
  const Adapter adapter = create(c);
  const auto* qkv = adapter.find("gpt_neox.layers.3.attention.query_key_value");
  const auto* dense = adapter.find("gpt_neox.layers.3.attention.dense");
  const auto* other = adapter.find("gpt_neox.layers.4.attention.dense");
  EXPECT_EQ(qkv->a.value.size(0), 4);
  EXPECT_EQ(qkv->b.value.size(1), 4);
  EXPECT_EQ(qkv->scale, 8.0 / 4);
  EXPECT_EQ(dense->a.value.size(0), 1);
  EXPECT_EQ(dense->scale, 6.0);
  EXPECT_EQ(other->a.value.size(0), 2);
  EXPECT_EQ(other->scale, 6.0 / 2);
  c.rslora = true;
  EXPECT_EQ(create(c).find(qkv->name)->scale, 8.0 / std::sqrt(4.0));
  EXPECT_EQ(create(c).find(other->name)->scale, 6.0 / std::sqrt(2.0));
  c.rank_pattern = {{"query_key_value", 0}};
  expect_fails<UsageError>([&] { create(c); }, {"rank", "0"});
  EXPECT_EQ(adapter.num_parameters(), 12 * (4 * (16 + 48) + 2 * (16 + 16)) - (16 + 16));
}

// ---- start ----

TEST_F(Targeting, Start) {
  LoraConfig c = pattern("all-linear");
  c.rank = 16, c.dora = true;
  const Adapter one = create(c, 1), same = create(c, 1), two = create(c, 2);
  double sum = 0, squares = 0, count = 0;
  for (std::size_t i = 0; i < one.modules().size(); ++i) {
    const LoraModule& m = *one.modules()[i];
    const double bound = 1 / std::sqrt(static_cast<double>(m.a.value.size(1)));
    EXPECT_LE(m.a.value.abs().max().item<double>(), bound * (1 + 1e-7));
    EXPECT_EQ(m.b.value.abs().max().item<double>(), 0);
    EXPECT_TRUE(same_bits(m.a.value, same.modules()[i]->a.value));
    EXPECT_FALSE(same_bits(m.a.value, two.modules()[i]->a.value));
    if (i > 0) {
      EXPECT_FALSE(same_bits(m.a.value, one.modules()[i - 1]->a.value));
    }
    const Tensor u = m.a.value.to(torch::kFloat64) / bound;
    sum += u.sum().item<double>(), squares += u.pow(2).sum().item<double>(), count += static_cast<double>(u.numel());
    const Tensor norms = model_->part(model_->targets()[i]).weight.value.to(torch::kFloat64).norm(2, 1);
    EXPECT_LE(relative_difference(m.magnitude.value, norms), 1e-6);
  }
  // U(-1, 1): variance 1/3, of the squares 4/45; five standard errors.
  EXPECT_NEAR(sum / count, 0, 5 * std::sqrt(1 / (3 * count)));
  EXPECT_NEAR(squares / count, 1.0 / 3, 5 * std::sqrt(4 / (45 * count)));
}

// At the start an adapter changes nothing; with DoRA, nothing but rounding.
TEST_F(Targeting, StartChangesNothing) {
  const Pass pass = make_pass(Random(1).sequences({9, 1}, 30));
  const Tensor before = logits_of(*model_, pass);
  for (const bool dora : {false, true}) {
    LoraConfig c = pattern("all-linear");
    c.dora = dora;
    Adapter adapter = create(c);
    const Pass with = with_adapter(pass, adapter);
    EXPECT_LE(relative_difference(logits_of(*model_, with), before), dora ? 1e-6 : 0);
    randomize(adapter, 3);
    adapter.refresh(*model_);
    EXPECT_GE(relative_difference(logits_of(*model_, with), before), 1e-2);
  }
}

TEST_F(Targeting, RefreshFollowsTheWeights) {
  LoraConfig c;
  c.dora = true;
  Adapter adapter = create(c);
  const Tensor before = adapter.modules()[0]->norm.clone();
  adapter.modules()[0]->b.value.fill_(1);
  EXPECT_TRUE(adapter.modules()[0]->norm.equal(before));
  adapter.refresh(*model_);
  EXPECT_FALSE(adapter.modules()[0]->norm.equal(before));
}

TEST_F(Targeting, DropoutOnlyInTraining) {
  LoraConfig c;
  c.dropout = 0.5;
  Adapter adapter = create(c);
  const TemporaryFolder folder;
  randomize(adapter, 4);
  adapter.save(folder.path());
  Adapter loaded = Adapter::load(folder.path(), {});
  loaded.fit(*model_);
  Pass pass = with_adapter(make_pass(Random(1).sequences({9}, 30)), loaded);
  const Tensor plain = logits_of(*model_, pass);
  pass.set_dropout(1, 1);
  EXPECT_TRUE(same_bits(logits_of(*model_, pass), plain));
  loaded.train();
  EXPECT_FALSE(same_bits(logits_of(*model_, pass), plain));
  loaded.set_dropout(0);
  loaded.train();
  EXPECT_TRUE(same_bits(logits_of(*model_, pass), plain));
}

// ---- folders ----

class AdapterGoldens : public GoldensTest {};
INSTANTIATE_TEST_SUITE_P(Goldens, AdapterGoldens, ::testing::Values("own", "shared"), goldens_name);

void expect_same_tensors(Adapter& a, Adapter& b) {
  const auto x = a.parameters(), y = b.parameters();
  ASSERT_EQ(x.size(), y.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(x[i].name, y[i].name);
    EXPECT_TRUE(same_bits(x[i].parameter->value, y[i].parameter->value)) << x[i].name;
  }
  for (std::size_t i = 0; i < a.modules().size(); ++i) EXPECT_EQ(a.modules()[i]->scale, b.modules()[i]->scale);
}

TEST_P(AdapterGoldens, LoadAndSave) {
  const auto names = folders("adapter-");
  ASSERT_GE(names.size(), 12u);
  const TemporaryFolder written;
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    Adapter adapter = Adapter::load(*this / name, [](const std::string& w) { ADD_FAILURE() << w; });
    const json config = read_json_object(*this / name / "adapter_config.json");
    const LoraConfig& c = adapter.config();
    EXPECT_EQ(c.rank, config.at("r"));
    EXPECT_EQ(c.alpha, config.at("lora_alpha"));
    EXPECT_EQ(c.dropout, config.at("lora_dropout"));
    EXPECT_EQ(json(c.target_modules), config.at("target_modules"));
    EXPECT_EQ(c.rslora, config.value("use_rslora", false));
    EXPECT_EQ(c.dora, config.value("use_dora", false));
    EXPECT_EQ(c.base_model, config.at("base_model_name_or_path"));
    const double rank = static_cast<double>(c.rank);
    EXPECT_EQ(adapter.modules()[0]->scale, c.alpha / (c.rslora ? std::sqrt(rank) : rank));

    // It is for its base, and the tensors are the file's.
    Model model(*this / base_of(name.substr(8)), {});
    adapter.fit(model);
    std::size_t targeted = 0;
    for (const AdapterTarget& target : model.targets()) targeted += c.targets(target.name);
    EXPECT_EQ(adapter.modules().size(), targeted);

    adapter.save(written / name);
    Adapter again = Adapter::load(written / name, {});
    expect_same_tensors(again, adapter);
    EXPECT_EQ(again.config().base_model, c.base_model);
    again.save(written / (name + "-again"));
    for (const char* file : {"adapter_config.json", "adapter_model.safetensors"})
      EXPECT_EQ(read_file(written / (name + "-again") / file), read_file(written / name / file));

    if (!std::filesystem::exists(*this / name / "adapter_model.safetensors")) continue;
    const SafetensorsFile ours(written / name / "adapter_model.safetensors"),
        theirs(*this / name / "adapter_model.safetensors");
    ASSERT_EQ(ours.tensors().size(), theirs.tensors().size());
    for (const TensorView& tensor : theirs.tensors()) {
      bool found = false;
      for (const TensorView& own : ours.tensors())
        found |= own.name == tensor.name && same_bits(resident_tensor(own), resident_tensor(tensor));
      EXPECT_TRUE(found) << tensor.name;
    }
  }
}

TEST(AdapterFolder, OldFormat) {
  Adapter old = Adapter::load(goldens_dir() / "adapter-seq-r2-token-old", {});
  Adapter current = Adapter::load(goldens_dir() / "adapter-seq-r2-token", {});
  // PEFT 0.3 wrote modules in the model's order, too; fit sorts them in any case.
  Model model(goldens_dir() / "seq", {});
  old.fit(model);
  current.fit(model);
  expect_same_tensors(old, current);
}

TEST(AdapterFolder, KeepsEveryOption) {
  SmallModel model(small_config());
  LoraConfig c;
  c.rank = 3, c.alpha = 2.5, c.dropout = 0.125, c.target_modules = {"dense", "query_key_value"},
  c.layers = {{0, 2, 11}};
  c.rslora = true, c.dora = true, c.rank_pattern = {{"dense", 5}}, c.alpha_pattern = {{"layers.2.*", 7}};
  c.base_model = "some/where";
  Adapter adapter = Adapter::create(c, *model, 1, {});
  randomize(adapter, 2);
  const TemporaryFolder folder;
  adapter.save(folder / "a");
  Adapter loaded = Adapter::load(folder / "a", {});
  expect_same_tensors(loaded, adapter);
  const LoraConfig& d = loaded.config();
  EXPECT_EQ(d.rank, 3);
  EXPECT_EQ(d.alpha, 2.5);
  EXPECT_EQ(d.dropout, 0.125);
  EXPECT_EQ(d.target_modules, c.target_modules);
  EXPECT_EQ(d.layers, c.layers);
  EXPECT_EQ(d.rank_pattern, c.rank_pattern);
  EXPECT_EQ(d.alpha_pattern, c.alpha_pattern);
  EXPECT_TRUE(d.rslora && d.dora);

  LoraConfig by_pattern;
  by_pattern.target_modules.clear(), by_pattern.target_pattern = "all-linear";
  Adapter::create(by_pattern, *model, 1, {}).save(folder / "b");
  EXPECT_EQ(Adapter::load(folder / "b", {}).config().target_pattern, "all-linear");
  EXPECT_EQ(read_json_object(folder / "b/adapter_config.json").at("target_modules"), "all-linear");
}

// A folder that changes, one thing at a time.
class BrokenAdapter : public ::testing::Test {
 protected:
  BrokenAdapter() {
    config_ = read_json_object(goldens_dir() / "adapter-seq-r2-dora/adapter_config.json");
    const SafetensorsFile file(goldens_dir() / "adapter-seq-r2-dora/adapter_model.safetensors");
    for (const TensorView& view : file.tensors()) tensors_.emplace_back(view.name, resident_tensor(view).clone());
  }
  Adapter load(std::vector<std::string>* warnings = nullptr) {
    write_text(folder_ / "adapter_config.json", config_.dump());
    write_tensors(weights_, tensors_);
    return Adapter::load(folder_.path(), [=](const std::string& w) {
      if (warnings != nullptr) warnings->push_back(w);
    });
  }
  Tensor& at(const std::string& name) {
    for (auto& [n, tensor] : tensors_)
      if (n == name) return tensor;
    throw std::out_of_range(name);
  }
  void remove(const std::string& name) {
    std::erase_if(tensors_, [&](const auto& t) { return t.first == name; });
  }

  TemporaryFolder folder_;
  const std::filesystem::path weights_ = folder_ / "adapter_model.safetensors";
  json config_;
  NamedTensors tensors_;
  const std::string module_ = "gpt_neox.layers.1.mlp.dense_4h_to_h", prefix_ = "base_model.model." + module_ + ".";
};

TEST_F(BrokenAdapter, Whole) { EXPECT_EQ(load().modules().size(), 4u); }

TEST_F(BrokenAdapter, MissingTensors) {
  for (const std::string part : {"lora_A.weight", "lora_B.weight", "lora_magnitude_vector"}) {
    const Tensor kept = at(prefix_ + part);
    remove(prefix_ + part);
    expect_fails([&] { load(); }, {weights_.string(), part.substr(0, part.find('.')), module_, "missing"});
    tensors_.emplace_back(prefix_ + part, kept);
  }
  tensors_.clear();
  expect_fails([&] { load(); }, {weights_.string(), "no tensors"});
}

TEST_F(BrokenAdapter, Shapes) {
  const Tensor kept = at(prefix_ + "lora_B.weight");
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{24, 3}, {48}, {2, 24}}) {
    at(prefix_ + "lora_B.weight") = torch::ones(shape);
    expect_fails([&] { load(); }, {weights_.string(), module_, shape_text(shape)});
  }
  at(prefix_ + "lora_B.weight") = kept;
  at(prefix_ + "lora_magnitude_vector") = torch::ones({24, 1});
  expect_fails([&] { load(); }, {weights_.string(), module_, "lora_magnitude_vector"});
}

TEST_F(BrokenAdapter, RankOfTheConfig) {
  config_["r"] = 4;
  expect_fails([&] { load(); }, {weights_.string(), "[2, 24]", "rank 4"});
  config_["r"] = 0;
  expect_fails([&] { load(); }, {"adapter_config.json", "\"r\""});
  config_["r"] = "2";
  expect_fails([&] { load(); }, {"adapter_config.json", "\"r\"", "whole numbers"});
}

TEST_F(BrokenAdapter, Values) {
  at(prefix_ + "lora_A.weight")[1][2] = NAN;
  expect_fails([&] { load(); }, {weights_.string(), prefix_ + "lora_A.weight", "not finite", "82"});
  at(prefix_ + "lora_A.weight") = torch::ones({2, 80}, torch::kInt64);
  expect_fails([&] { load(); }, {weights_.string(), prefix_ + "lora_A.weight", "int64"});
}

TEST_F(BrokenAdapter, UnknownTensors) {
  for (const std::string& name : {prefix_ + "lora_C.weight", prefix_ + "lora_A.bias",
                                  std::string("base_model.model.gpt_neox.embed_in.lora_embedding_A"),
                                  std::string("gpt_neox.layers.0.attention.dense.lora_A.weight"),
                                  std::string("base_model.model.embed_out.weight")}) {
    tensors_.emplace_back(name, torch::ones({2, 2}));
    expect_fails([&] { load(); }, {weights_.string(), name});
    tensors_.pop_back();
  }
}

TEST_F(BrokenAdapter, Dora) {
  config_["use_dora"] = false;
  expect_fails([&] { load(); }, {weights_.string(), "lora_magnitude_vector", "use_dora"});
}

TEST_F(BrokenAdapter, WhatIsNotSupported) {
  const std::vector<std::pair<std::string, json>> settings = {{"peft_type", "IA3"},
                                                              {"peft_type", nullptr},
                                                              {"bias", "all"},
                                                              {"modules_to_save", {"head"}},
                                                              {"lora_bias", true},
                                                              {"use_qalora", true},
                                                              {"layer_replication", {{0, 1}}},
                                                              {"trainable_token_indices", {1}}};
  for (const auto& [key, value] : settings) {
    const json kept = config_;
    config_[key] = value;
    expect_fails([&] { load(); }, {(folder_ / "adapter_config.json").string(), key});
    config_ = kept;
  }
}

TEST_F(BrokenAdapter, ModulesThatTheConfigDoesNotName) {
  config_["target_modules"] = {"query_key_value"};
  std::vector<std::string> warnings;
  EXPECT_EQ(load(&warnings).modules().size(), 4u);
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE((warnings[0] + warnings[1]).find(module_), std::string::npos);
}

TEST_F(BrokenAdapter, ModulesThatAreAbsent) {
  for (const char* tensor : {"lora_A.weight", "lora_B.weight", "lora_magnitude_vector"}) remove(prefix_ + tensor);
  Adapter adapter = load();
  Model seq(goldens_dir() / "seq", {});
  std::vector<std::string> warnings;
  adapter.fit(seq, [&](const std::string& w) { warnings.push_back(w); });
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find(module_), std::string::npos);
}

TEST_F(BrokenAdapter, OtherSpellings) {
  // With the adapter's name inside, as some versions write it; half precision; one layer as a number.
  NamedTensors renamed;
  for (auto& [name, tensor] : tensors_) {
    std::string other = name;
    if (const std::size_t at = name.rfind(".weight"); at != name.npos) other.replace(at, 7, ".default.weight");
    renamed.emplace_back(other.ends_with("vector") ? other + ".default.weight" : other, tensor.to(torch::kBFloat16));
  }
  Adapter plain = load();
  tensors_ = renamed;
  Adapter loaded = load();
  ASSERT_EQ(loaded.parameters().size(), plain.parameters().size());
  for (const NamedParameter& named : loaded.parameters())
    EXPECT_EQ(named.parameter->value.scalar_type(), torch::kFloat32);
  EXPECT_LE(relative_difference(loaded.find(module_)->a.value, plain.find(module_)->a.value), 0x1p-8);
  config_["layers_to_transform"] = 1;
  EXPECT_EQ(load().config().layers, std::vector<std::int64_t>{1});
}

TEST_F(BrokenAdapter, Files) {
  expect_fails([&] { Adapter::load(folder_ / "none", {}); }, {"no adapter folder", "none"});
  expect_fails([&] { Adapter::load(folder_.path(), {}); }, {"adapter_config.json"});
  write_text(folder_ / "adapter_config.json", config_.dump());
  expect_fails([&] { Adapter::load(folder_.path(), {}); },
               {"no adapter weights", "adapter_model.safetensors", "adapter_model.bin"});
}

TEST_F(BrokenAdapter, AnotherModel) {
  // par is wider; a model of one layer lacks the second.
  Adapter adapter = load();
  Model par(goldens_dir() / "par", {});
  expect_fails([&] { adapter.fit(par); },
               {"another model", "lora_A", "layers.0.attention.query_key_value", "24", "36"});
  Model seq(goldens_dir() / "seq", {});
  const std::string elsewhere = "base_model.model.gpt_neox.layers.2.mlp.dense_4h_to_h.";
  for (auto& [name, tensor] : tensors_)
    if (name.starts_with(prefix_)) name.replace(0, prefix_.size(), elsewhere);
  Adapter deeper = load();
  expect_fails([&] { deeper.fit(seq); }, {"another model", "gpt_neox.layers.2.mlp.dense_4h_to_h"});
}

}  // namespace
}  // namespace aacft::testing
