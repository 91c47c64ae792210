// The numbers of transformers.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <set>

#include "aacft/formats/json.h"
#include "model/support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

class ModelGoldens : public GoldensTest {};
INSTANTIATE_TEST_SUITE_P(Goldens, ModelGoldens, ::testing::Values("own", "shared", "llama"), goldens_name);

std::vector<Ids> ids_of(const json& cases) {
  std::vector<Ids> all;
  for (const json& entry : cases) all.push_back(entry.at("ids").get<Ids>());
  return all;
}

Tensor doubles(const json& values) { return torch::tensor(values.get<std::vector<double>>(), torch::kFloat64); }

TEST_P(ModelGoldens, Logits) {
  const json all = read_json_object(*this / "logits.json");
  ASSERT_GE(all.size(), 2u);
  for (const auto& [name, cases] : all.items()) {
    SCOPED_TRACE(name);
    const double relative = 2e-5, absolute = 1e-5;
    Model model(*this / name, {});
    const std::vector<Ids> sequences = ids_of(cases);
    const Pass pass = make_pass(sequences);
    const Tensor logits = logits_of(model, pass);
    double loss = 0;
    std::vector<float> nll;
    ComputeContext context;
    add_loss(model, pass, next_tokens(sequences), context, loss, &nll);

    const Targets targets = next_tokens(sequences);
    std::vector<double> by_row(static_cast<std::size_t>(pass.rows()));
    for (std::size_t k = 0; k < nll.size(); ++k) by_row[static_cast<std::size_t>(targets.rows[k])] = nll[k];
    double worst_logits = 0, worst_l2 = 0, worst_nll = 0, sum = 0;
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      const Tensor here = pass.part(logits, i).to(torch::kFloat64);
      const std::int64_t length = pass.length(i);
      worst_logits = std::max(worst_logits, relative_difference(here[length - 1], doubles(cases[i].at("last_logits"))));
      if (cases[i].contains("logits_l2_per_position")) {
        const Tensor l2 = here.norm(2, 1), expected = doubles(cases[i].at("logits_l2_per_position"));
        ASSERT_EQ(l2.numel(), expected.numel());
        worst_l2 = std::max(worst_l2, ((l2 - expected).abs() / expected).max().item<double>());
      }
      const auto expected_nll = cases[i].at("nll").get<std::vector<double>>();
      ASSERT_EQ(static_cast<std::int64_t>(expected_nll.size()), length - 1);
      for (std::size_t k = 0; k < expected_nll.size(); ++k) {
        const double ours = by_row[static_cast<std::size_t>(pass.offsets[i]) + k];
        worst_nll = std::max(worst_nll, std::abs(ours - expected_nll[k]));
        sum += ours;
      }
    }
    EXPECT_LE(worst_logits, relative);
    EXPECT_LE(worst_l2, relative);
    EXPECT_LE(worst_nll, absolute);
    EXPECT_NEAR(loss, sum, 1e-9 * sum);
  }
}

// seq is there in every layout; whatever is rounded, is rounded once and exactly.
TEST_P(ModelGoldens, LayoutsHoldTheSameWeights) {
  if (llama()) GTEST_SKIP() << "in one layout only";
  Model seq(*this / "seq", {});
  const auto weights = seq.parameters();
  const Pass pass = make_pass(ids_of(read_json_object(*this / "logits.json").at("seq")));
  const Tensor logits = logits_of(seq, pass);
  const auto layouts = folders("seq-");
  ASSERT_EQ(layouts.size(), 4u);
  std::set<std::string> kinds;
  for (const std::string& name : layouts) {
    SCOPED_TRACE(name);
    std::vector<std::string> warnings;
    Model model(*this / name, [&](const std::string& w) { warnings.push_back(w); });
    EXPECT_TRUE(warnings.empty()) << warnings.front();  // old buffers are no surprise
    kinds.insert(Checkpoint(*this / name).layout());
    const torch::ScalarType stored = scalar_type(model.stored_dtype());
    EXPECT_EQ(stored, name.ends_with("fp16")   ? torch::kFloat16
                      : name.ends_with("bf16") ? torch::kBFloat16
                                               : torch::kFloat32);
    const auto here = model.parameters();
    ASSERT_EQ(here.size(), weights.size());
    for (std::size_t i = 0; i < here.size(); ++i) {
      EXPECT_EQ(here[i].name, weights[i].name);
      const Tensor expected = weights[i].parameter->value.to(stored).to(here[i].parameter->value.scalar_type());
      EXPECT_TRUE(same_bits(here[i].parameter->value, expected)) << here[i].name;
    }
    if (stored == torch::kFloat32) {
      EXPECT_TRUE(same_bits(logits_of(model, pass), logits));
    }
  }
  EXPECT_EQ(kinds.size(), 3u);  // sharded safetensors, torch bin, sharded torch bin
}

TEST_P(ModelGoldens, ParametersAddUp) {
  const std::vector<std::string> names =
      llama() ? std::vector<std::string>{"smollm", "qwen2", "qwen3"} : std::vector<std::string>{"seq", "par"};
  for (const std::string& name : names) {
    Model model(*this / name, {});
    std::int64_t count = 0;
    for (const NamedParameter& named : model.parameters()) count += named.parameter->value.numel();
    EXPECT_EQ(count, model.config().num_parameters());
  }
}

// An adapter beside its base gives the logits of PEFT's merge of the two.
TEST_P(ModelGoldens, AdapterMatchesMergedModel) {
  const auto merged_folders = folders("merged-");
  ASSERT_GE(merged_folders.size(), 2u);
  for (const std::string& name : merged_folders) {
    SCOPED_TRACE(name);
    const std::string tag = name.substr(7);
    Model base(*this / base_of(tag), {}), merged(*this / name, {});
    const Pass pass = make_pass(ids_of(read_json_object(*this / "logits.json").at(base_of(tag))));
    const Tensor before = logits_of(base, pass);
    Adapter adapter = Adapter::load(*this / ("adapter-" + tag), {});
    adapter.fit(base);
    const Tensor expected = logits_of(merged, pass);
    EXPECT_LE(relative_difference(logits_of(base, with_adapter(pass, adapter)), expected), 4e-6);
    EXPECT_GE(relative_difference(before, expected), 1e-2);
  }
}

}  // namespace
}  // namespace aacft::testing
