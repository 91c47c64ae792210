// Merged models: the numbers of PEFT, complete folders, and law 5.
#include "aacft/export/merge.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>

#include "aacft/base/file.h"
#include "aacft/formats/json.h"
#include "aacft/tokenizer/tokenizer.h"
#include "model/support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

MergeOptions options_of(const fs::path& model, const fs::path& adapter, const fs::path& output) {
  MergeOptions options;
  options.model = model, options.adapter = adapter, options.output = output;
  options.threads = 2, options.check = false;
  return options;
}

// A checkpoint's weights in fp32, by name.
std::map<std::string, Tensor> weights_of(const fs::path& folder) {
  const Checkpoint checkpoint(folder);
  std::map<std::string, Tensor> weights;
  const ModelConfig config = read_model_config(folder);
  for (const auto& [name, shape, place] : tensors_of(config))
    weights[name] = widened_copy(*find_weight(checkpoint, config, name));
  return weights;
}

double unit_roundoff(Dtype dtype) {
  return dtype == Dtype::kFloat32 ? 0x1p-24 : dtype == Dtype::kFloat16 ? 0x1p-11 : 0x1p-8;
}

bool empty_folder(const fs::path& folder) { return fs::directory_iterator(folder) == fs::directory_iterator(); }

// An adapter of a model in a folder, with random values.
void write_adapter(const fs::path& model_folder, const LoraConfig& config, const fs::path& folder,
                   double deviation = 0.2) {
  Model model(model_folder, {});
  Adapter adapter = Adapter::create(config, model, 1, {});
  randomize(adapter, 2, deviation);
  adapter.save(folder);
}

LoraConfig all_linears(bool dora = false) {
  LoraConfig c;
  c.rank = 3, c.alpha = 2, c.target_modules.clear(), c.target_pattern = "all-linear", c.dora = dora;
  return c;
}

// ---- goldens ----

class MergeGoldens : public GoldensTest {};
INSTANTIATE_TEST_SUITE_P(Goldens, MergeGoldens, ::testing::Values("own", "shared", "llama"), goldens_name);

TEST_P(MergeGoldens, EqualsPeft) {
  const auto merged_folders = folders("merged-");
  ASSERT_GE(merged_folders.size(), 2u);
  const TemporaryFolder out;
  for (const std::string& name : merged_folders) {
    SCOPED_TRACE(name);
    const std::string tag = name.substr(7);
    merge(options_of(*this / base_of(tag), *this / ("adapter-" + tag), out / name), {});
    const auto ours = weights_of(out / name), theirs = weights_of(*this / name),
               base = weights_of(*this / base_of(tag));
    ASSERT_EQ(ours.size(), theirs.size());
    std::size_t changed = 0;
    for (const auto& [tensor, value] : theirs) {
      EXPECT_LE((ours.at(tensor) - value).abs().max().item<double>(), 1e-6) << tensor;
      if (!value.equal(base.at(tensor))) {
        ++changed;
      } else {
        EXPECT_TRUE(same_bits(ours.at(tensor), value)) << tensor;
      }
    }
    EXPECT_EQ(changed, Adapter::load(*this / ("adapter-" + tag), {}).modules().size());
  }
}

TEST(Merge, WithoutAnAdapterTheBaseItselfInAnotherType) {
  const TemporaryFolder out;
  MergeOptions options = options_of(goldens_dir() / "seq", {}, out / "half");
  options.dtype = Dtype::kFloat16;
  options.check = true;
  const MergeReport report = merge(options, {});
  EXPECT_EQ(report.merged_tensors, 0u);
  ASSERT_TRUE(report.max_logit_difference);
  const auto base = weights_of(goldens_dir() / "seq"), half = weights_of(out / "half");
  ASSERT_EQ(half.size(), base.size());
  for (const auto& [tensor, value] : base)
    EXPECT_TRUE(same_bits(half.at(tensor), value.to(torch::kFloat16).to(torch::kFloat32))) << tensor;
}

// ---- law 5 ----

struct Law5Case {
  std::string name, model, adapter;
  Dtype dtype;
};

class Law5 : public ::testing::TestWithParam<Law5Case> {};
const Law5Case kLaw5Cases[] = {
    {"Float32", "seq", "seq-r2-token", Dtype::kFloat32},
    {"DoraFloat32", "seq", "seq-r2-dora", Dtype::kFloat32},
    {"ParallelFloat32", "par", "par-r4-all", Dtype::kFloat32},
    {"Float16", "seq", "seq-r2-token", Dtype::kFloat16},
    {"BFloat16", "seq", "seq-r2-dora", Dtype::kBFloat16},
    {"ParallelFloat16", "par", "par-r8-eos", Dtype::kFloat16},
    {"StoredFloat16", "seq-bin-fp16", "seq-r4-rslora", Dtype::kFloat16},
    {"StoredBFloat16", "seq-safetensors-sharded-bf16", "seq-r2-dora", Dtype::kBFloat16},
    {"WidenedFloat16", "seq-bin-fp16", "seq-r2-dora", Dtype::kFloat32},
};
INSTANTIATE_TEST_SUITE_P(Merge, Law5, ::testing::ValuesIn(kLaw5Cases),
                         [](const auto& info) { return info.param.name; });

TEST_P(Law5, MergedModelSpeaksAlike) {
  const auto& [name, model, adapter_tag, dtype] = GetParam();
  const fs::path base_folder = goldens_dir() / model, adapter_folder = goldens_dir() / ("adapter-" + adapter_tag);
  const TemporaryFolder out;
  MergeOptions options = options_of(base_folder, adapter_folder, out / "merged");
  options.dtype = dtype;
  options.check = true;
  options.prompts = {"<human>: one\n<bot>:", "I want tea"};
  const MergeReport report = merge(options, {});
  EXPECT_EQ(report.dtype, dtype);

  Model base(base_folder, {}), merged(out / "merged", {});
  EXPECT_EQ(merged.stored_dtype(), dtype);
  Adapter adapter = Adapter::load(adapter_folder, {});
  adapter.fit(base);

  // The report's numbers.
  const auto tokenizer = load_tokenizer(out / "merged");
  const Pass prompts =
      make_pass(std::vector<Ids>{tokenizer->encode(options.prompts[0]), tokenizer->encode(options.prompts[1])});
  const Tensor a = logits_of(base, with_adapter(prompts, adapter)).to(torch::kFloat64),
               b = logits_of(merged, prompts).to(torch::kFloat64);
  const double difference = (a - b).abs().max().item<double>();
  const Tensor p = torch::log_softmax(a, -1), q = torch::log_softmax(b, -1);
  EXPECT_NEAR(report.max_logit_difference.value(), difference, 1e-6);
  EXPECT_NEAR(report.mean_kl.value(), (p.exp() * (p - q)).sum(-1).mean().item<double>(), 1e-6);

  // The reference's own continuations, or what base + adapter says where the base was rounded. Each of the 4
  // L + 1 products between embedding and logits carries the rounding of a weight once, and some of fp32's.
  const double stages = static_cast<double>(4 * base.config().num_layers + 2);
  const double bound = stages * (unit_roundoff(dtype) + 8 * unit_roundoff(Dtype::kFloat32));
  std::size_t positions = 0, decided = 0;
  const json continuations = read_json_object(goldens_dir() / "generate.json").at(adapter_tag);
  for (const json& entry : continuations) {
    Ids ids = entry.at("ids").get<Ids>();
    const auto prompt = static_cast<std::int64_t>(ids.size());
    for (const std::int32_t id : entry.at("new").get<Ids>()) ids.push_back(id);
    const Pass pass = make_pass(std::vector<Ids>{ids});
    const Tensor adapted = logits_of(base, with_adapter(pass, adapter)), after = logits_of(merged, pass);
    EXPECT_LE(relative_difference(after, adapted), bound);
    // Wherever the best token leads by more than both may be off by, it stays the best.
    const double largest_error = (after - adapted).abs().max().item<double>();
    for (std::int64_t row = prompt - 1; row < pass.rows(); ++row) {
      const auto [best, token] = adapted[row].topk(2);
      ++positions;
      if ((best[0] - best[1]).item<double>() <= 2 * largest_error) continue;
      ++decided;
      EXPECT_EQ(after[row].argmax().item<std::int64_t>(), token[0].item<std::int64_t>());
    }
  }
  // In fp32 that is everywhere: the goldens lead by more than 1e-3.
  if (dtype == Dtype::kFloat32 && model == base_of(adapter_tag)) {
    EXPECT_EQ(decided, positions);
  }
  EXPECT_GE(positions, 30u);
  EXPECT_GE(decided, positions * 3 / 4);
}

// ---- the folder ----

TEST(Merge, FolderIsComplete) {
  for (const std::string name : {"nobias", "gelu-fast", "tied", "par"}) {
    SCOPED_TRACE(name);
    const TemporaryFolder out;
    const fs::path model = goldens_dir() / name;
    write_adapter(model, all_linears(), out / "adapter");
    const MergeReport report = merge(options_of(model, out / "adapter", out / "merged"), {});
    for (const char* file :
         {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
      EXPECT_TRUE(fs::exists(out / "merged" / file)) << file;
    for (const char* file : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"})
      EXPECT_EQ(read_file(out / "merged" / file), read_file(model / file));
    const json config = read_json_object(out / "merged/config.json"),
               original = read_json_object(model / "config.json");
    for (const char* key : {"rotary_pct", "rotary_emb_base", "use_parallel_residual", "tie_word_embeddings",
                            "attention_bias", "torch_dtype"})
      EXPECT_TRUE(config.contains(key)) << key;
    for (const char* key : {"rope_parameters", "rope_scaling", "rope_theta", "dtype"})
      EXPECT_FALSE(config.contains(key)) << key;
    EXPECT_EQ(config.at("hidden_act"), original.at("hidden_act"));
    EXPECT_EQ(config.at("classifier_dropout"), original.at("classifier_dropout"));  // not ours, but kept
    EXPECT_EQ(to_json(read_model_config(out / "merged"), Dtype::kFloat32),
              to_json(read_model_config(model), Dtype::kFloat32));
    const Checkpoint checkpoint(out / "merged");
    EXPECT_EQ(checkpoint.tensors().size(), tensors_of(read_model_config(model)).size());
    EXPECT_EQ(report.tensors, checkpoint.tensors().size());
    EXPECT_EQ(report.merged_tensors, static_cast<std::size_t>(4 * read_model_config(model).num_layers));
    EXPECT_EQ(report.bytes, static_cast<std::uint64_t>(4 * read_model_config(model).num_parameters()));
  }
}

TEST(Merge, TakesTheStoredType) {
  const TemporaryFolder out;
  const fs::path adapter = goldens_dir() / "adapter-seq-r2-token";
  merge(options_of(goldens_dir() / "seq-bin-fp16", adapter, out / "half"), {});
  merge(options_of(goldens_dir() / "seq-safetensors-sharded-bf16", adapter, out / "brain"), {});
  EXPECT_EQ(Model(out / "half", {}).stored_dtype(), Dtype::kFloat16);
  EXPECT_EQ(read_json_object(out / "half/config.json").at("torch_dtype"), "float16");
  EXPECT_EQ(Model(out / "brain", {}).stored_dtype(), Dtype::kBFloat16);
  EXPECT_EQ(read_json_object(out / "brain/config.json").at("torch_dtype"), "bfloat16");
  // Rounded once, from the sum in fp32.
  const std::string name = "gpt_neox.layers.0.attention.query_key_value";
  const Tensor base = weights_of(goldens_dir() / "seq-bin-fp16").at(name + ".weight");
  const Adapter loaded = Adapter::load(adapter, {});
  const LoraModule& m = *loaded.find(name);
  const Tensor exact =
      base.to(torch::kFloat64) + m.scale * m.b.value.to(torch::kFloat64).mm(m.a.value.to(torch::kFloat64));
  const Tensor error = (weights_of(out / "half").at(name + ".weight").to(torch::kFloat64) - exact).abs();
  EXPECT_TRUE((error <= exact.abs() * (0x1p-11 + 0x1p-20) + 0x1p-24).all().item<bool>());
}

// The head of old files has another name in newer ones.
TEST(Merge, EveryLayoutGivesTheSame) {
  const TemporaryFolder out;
  const fs::path adapter = goldens_dir() / "adapter-seq-r2-dora";
  merge(options_of(goldens_dir() / "seq", adapter, out / "seq"), {});
  for (const std::string name : {"seq-bin-legacy", "seq-bin-sharded"}) {
    merge(options_of(goldens_dir() / name, adapter, out / name), {});
    EXPECT_EQ(read_file(out / name / "model.safetensors"), read_file(out / "seq/model.safetensors"));
  }
}

TEST(Merge, Shards) {
  const TemporaryFolder out;
  const fs::path model = goldens_dir() / "par", adapter = goldens_dir() / "adapter-par-r4-all";
  merge(options_of(model, adapter, out / "whole"), {});
  MergeOptions options = options_of(model, adapter, out / "shards");
  options.max_shard_bytes = 20'000;  // less than one of the larger tensors
  const MergeReport report = merge(options, {});
  EXPECT_EQ(Checkpoint(out / "shards").layout(), "sharded safetensors");
  const json index = read_json_object(out / "shards/model.safetensors.index.json");
  EXPECT_EQ(index.at("metadata").at("total_size"), report.bytes);
  std::size_t shards = 0;
  for (const auto& entry : fs::directory_iterator(out / "shards"))
    shards += entry.path().filename().string().starts_with("model-");
  EXPECT_GE(shards, 6u);
  const auto whole = weights_of(out / "whole"), parts = weights_of(out / "shards");
  for (const auto& [name, value] : whole) EXPECT_TRUE(same_bits(parts.at(name), value)) << name;
}

TEST(Merge, Delta) {
  for (const Dtype dtype : {Dtype::kFloat32, Dtype::kFloat16}) {
    const TemporaryFolder out;
    const fs::path model = goldens_dir() / "nobias";
    write_adapter(model, all_linears(true), out / "adapter");
    MergeOptions options = options_of(model, out / "adapter", out / "merged");
    options.also_delta = true, options.dtype = dtype;
    merge(options, {});
    const SafetensorsFile deltas(out / "merged/delta.safetensors");
    EXPECT_EQ(deltas.tensors().size(), 8u);
    const auto base = weights_of(model), merged = weights_of(out / "merged");
    for (const TensorView& view : deltas.tensors()) {
      EXPECT_EQ(view.dtype, dtype);
      const Tensor delta = widened_copy(view), sum = base.at(view.name) + delta;
      EXPECT_GT(norm_of(delta), 0);
      // The delta and the merged weight are each rounded once.
      const Tensor bound = (delta.abs() + merged.at(view.name).abs() + 2 * sum.abs()) * unit_roundoff(dtype) + 0x1p-24;
      EXPECT_TRUE(((sum - merged.at(view.name)).abs() <= bound).all().item<bool>()) << view.name;
    }
    // It does not count as weights of the model.
    std::vector<std::string> warnings;
    Model loaded(out / "merged", [&](const std::string& w) { warnings.push_back(w); });
    EXPECT_TRUE(warnings.empty());
  }
}

TEST(Merge, ReportsProgress) {
  const TemporaryFolder out;
  std::vector<std::string> names;
  WriteEvents events;
  events.progress = [&](std::size_t done, std::size_t total, const std::string& tensor) {
    EXPECT_EQ(done, names.size());
    EXPECT_EQ(total, tensors_of(read_model_config(goldens_dir() / "seq")).size());
    names.push_back(tensor);
  };
  merge(options_of(goldens_dir() / "seq", goldens_dir() / "adapter-seq-r2-token", out / "merged"), events);
  EXPECT_EQ(names.size(), tensors_of(read_model_config(goldens_dir() / "seq")).size());
}

// A prompt for the check that is longer than the model's context is cut.
TEST(Merge, CheckOfASmallContext) {
  const TemporaryFolder out;
  fs::copy(goldens_dir() / "seq", out / "model", fs::copy_options::recursive);
  json config = read_json_object(out / "model/config.json");
  config["max_position_embeddings"] = 16;
  config["hidden_act"] = nullptr;  // counts as missing
  fs::remove(out / "model/config.json");
  write_text(out / "model/config.json", config.dump());
  MergeOptions options = options_of(out / "model", goldens_dir() / "adapter-seq-r2-token", out / "merged");
  options.check = true;
  EXPECT_LE(merge(options, {}).max_logit_difference.value(), 1e-5);
  EXPECT_EQ(read_json_object(out / "merged/config.json").at("hidden_act"), "gelu");
}

// ---- errors leave nothing behind ----

class MergeErrors : public ::testing::Test {
 protected:
  // Fails with `parts`, and leaves nothing beside what was there before.
  void expect(const MergeOptions& options, std::initializer_list<std::string> parts) {
    ASSERT_TRUE(empty_folder(out_.path()));
    expect_fails([&] { merge(options, {}); }, parts);
    EXPECT_TRUE(empty_folder(out_.path()));
  }
  // Changes an adapter's tensors and config.
  fs::path changed_adapter(const std::string& tag, const std::function<void(NamedTensors&)>& change) {
    NamedTensors tensors;
    const SafetensorsFile file(goldens_dir() / ("adapter-" + tag) / "adapter_model.safetensors");
    for (const TensorView& view : file.tensors()) tensors.emplace_back(view.name, resident_tensor(view).clone());
    change(tensors);
    const fs::path folder = inputs_ / "adapter";
    fs::create_directories(folder);
    write_tensors(folder / "adapter_model.safetensors", tensors);
    write_file_atomic(folder / "adapter_config.json",
                      read_file(goldens_dir() / ("adapter-" + tag) / "adapter_config.json"));
    return folder;
  }

  const fs::path seq_ = goldens_dir() / "seq", adapter_ = goldens_dir() / "adapter-seq-r2-token";
  TemporaryFolder out_, inputs_;
};

TEST_F(MergeErrors, OutputExists) {
  const MergeOptions options = options_of(seq_, adapter_, inputs_ / "merged");
  write_text(inputs_ / "merged/file", "precious");
  expect_fails([&] { merge(options, {}); }, {"exists", "merged"});
  EXPECT_EQ(read_file(inputs_ / "merged/file"), "precious");
  EXPECT_EQ(std::distance(fs::directory_iterator(inputs_.path()), fs::directory_iterator()), 1);
  // An empty folder is as good as none.
  fs::remove(inputs_ / "merged/file");
  merge(options, {});
  EXPECT_TRUE(fs::exists(inputs_ / "merged/model.safetensors"));
}

TEST_F(MergeErrors, AdapterOfAnotherModel) {
  expect(options_of(goldens_dir() / "par", adapter_, out_ / "merged"), {"another model", "query_key_value"});
  // As wide, but of one layer.
  expect(options_of(goldens_dir() / "tied", adapter_, out_ / "merged"), {"another model", "gpt_neox.layers.1."});
  // The head can be adapted by PEFT, but not here.
  MergeOptions head =
      options_of(seq_,
                 changed_adapter("seq-r2-token",
                                 [](NamedTensors& t) {
                                   t.emplace_back("base_model.model.embed_out.lora_A.weight", torch::ones({2, 24}));
                                   t.emplace_back("base_model.model.embed_out.lora_B.weight", torch::ones({520, 2}));
                                 }),
                 out_ / "merged");
  head.check = true;
  expect(head, {"embed_out"});
}

TEST_F(MergeErrors, MissingInputs) {
  expect(options_of(inputs_ / "none", adapter_, out_ / "merged"), {"no model", "none"});
  expect(options_of(seq_, inputs_ / "none", out_ / "merged"), {"no adapter folder", "none"});
}

TEST_F(MergeErrors, NoTokenizerForTheCheck) {
  MergeOptions options = options_of(goldens_dir() / "merged-seq-r2-token", adapter_, out_ / "merged");
  options.check = true;
  expect(options, {"no tokenizer"});
  options.check = false;
  merge(options, {});
}

TEST_F(MergeErrors, NotFinite) {
  const fs::path large = changed_adapter("seq-r2-token", [](NamedTensors& tensors) {
    for (auto& [name, tensor] : tensors)
      if (name.ends_with("layers.1.attention.query_key_value.lora_B.weight")) tensor = tensor * 1e8;
  });
  MergeOptions options = options_of(seq_, large, out_ / "merged");
  options.dtype = Dtype::kFloat16;
  expect(options, {"gpt_neox.layers.1.attention.query_key_value.weight", "not finite", "--dtype"});
  options.dtype = Dtype::kBFloat16;
  merge(options, {});
}

TEST_F(MergeErrors, DamagedBase) {
  Model model(seq_, {});
  NamedTensors tensors;
  for (const NamedParameter& named : model.parameters())
    tensors.emplace_back(named.name, named.parameter->value.clone());
  tensors[3].second[0] = NAN;
  write_model(inputs_ / "model", model.config(), tensors);
  expect(options_of(inputs_ / "model", adapter_, out_ / "merged"), {tensors[3].first, "not finite"});
}

}  // namespace
}  // namespace aacft::testing
