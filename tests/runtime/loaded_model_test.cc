// Adapters by name on one base: each computes what it computes on a base of its own.
#include "aacft/runtime/loaded_model.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "model/support.h"

namespace aacft::testing {
namespace {

const std::vector<Ids> kSequences = {{5, 6, 7, 8}, {9, 10}};

Tensor logits_with(const LoadedModel& model, const std::string& adapter) {
  Pass pass = make_pass(kSequences);
  pass.adapters.attach(model.modules(adapter));
  return logits_of(model.model(), pass);
}

Tensor logits_apart(const std::string& adapter) {
  Model model(goldens_dir() / "seq", {});
  std::optional<Adapter> own;
  if (!adapter.empty()) {
    own = Adapter::load(goldens_dir() / adapter, {});
    own->fit(model);
  }
  const Pass pass = make_pass(kSequences);
  return logits_of(model, own ? with_adapter(pass, *own) : pass);
}

TEST(LoadedModel, AdaptersInTurnComputeWhatEachComputesAlone) {
  const std::vector<std::string> adapters = {"adapter-seq-r2-token", "adapter-seq-r2-dora", "adapter-seq-r4-rslora"};
  LoadedModel model(goldens_dir() / "seq", {}, {});
  for (const std::string& name : adapters) model.attach(name, goldens_dir() / name, {});
  std::vector<Tensor> all;
  for (const std::string& name :
       {adapters[0], adapters[1], adapters[2], std::string(), adapters[1], std::string(), adapters[0]}) {
    SCOPED_TRACE(name);
    all.push_back(logits_with(model, name));
    EXPECT_TRUE(same_bits(all.back(), logits_apart(name)));
  }
  EXPECT_FALSE(same_bits(all[0], all[1]));
  EXPECT_FALSE(same_bits(all[0], all[3]));
}

TEST(LoadedModel, WhatIsDetachedIsGoneAndItsNameFree) {
  LoadedModel model(goldens_dir() / "seq", {}, {});
  model.attach("a", goldens_dir() / "adapter-seq-r2-token", {});
  logits_with(model, "a");
  model.detach("a");
  EXPECT_TRUE(same_bits(logits_with(model, ""), logits_apart("")));
  expect_fails([&] { model.modules("a"); }, {"\"a\""});
  expect_fails([&] { model.detach("a"); }, {"\"a\""});
  model.attach("a", goldens_dir() / "adapter-seq-r2-dora", {});
  EXPECT_TRUE(same_bits(logits_with(model, "a"), logits_apart("adapter-seq-r2-dora")));
  expect_fails([&] { model.attach("a", goldens_dir() / "adapter-seq-r2-token", {}); }, {"\"a\"", "taken"});
  expect_fails([&] { model.attach("", goldens_dir() / "adapter-seq-r2-token", {}); }, {"\"\""});
}

TEST(LoadedModel, AnAdapterOfAnotherModelLeavesNothingBehind) {
  LoadedModel model(goldens_dir() / "seq", {}, {});
  expect_fails([&] { model.attach("par", goldens_dir() / "adapter-par-r4-all", {}); }, {"another model"});
  EXPECT_TRUE(same_bits(logits_with(model, ""), logits_apart("")));
  model.attach("par", goldens_dir() / "adapter-seq-r2-token", {});
}

TEST(LoadedModel, WhatIsLentKeepsItsAdapter) {
  Model base(goldens_dir() / "seq", {});
  Adapter adapter = Adapter::load(goldens_dir() / "adapter-seq-r2-token", {});
  adapter.fit(base);
  const auto tokenizer = load_tokenizer(goldens_dir() / "seq");
  LoadedModel model(base, *tokenizer, adapter.modules_by_target());
  EXPECT_TRUE(same_bits(logits_with(model, ""), logits_apart("adapter-seq-r2-token")));
  EXPECT_EQ(&model.tokenizer(), tokenizer.get());
}

}  // namespace
}  // namespace aacft::testing
