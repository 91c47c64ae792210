#include "aacft/train/options.h"

#include <gtest/gtest.h>

#include <functional>

#include "formats/support.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

TEST(TrainOptions, WhatTheyExcludeIsNamed) {
  const TrainOptions good;
  EXPECT_NO_THROW(check_options(good));
  const std::vector<std::pair<std::function<void(TrainOptions&)>, std::string>> cases = {
      {[](TrainOptions& o) { o.micro_batch = 0; }, "--micro-batch"},
      {[](TrainOptions& o) { o.accumulation = 65537; }, "at most 65536"},
      {[](TrainOptions& o) { o.max_steps = 0; }, "--max-steps"},
      {[](TrainOptions& o) { o.epochs = -1; }, "--epochs"},
      {[](TrainOptions& o) { o.learning_rate = -1; }, "--lr"},
      {[](TrainOptions& o) { o.learning_rate = 1e31; }, "--lr"},
      {[](TrainOptions& o) { o.warmup = -1; }, "--warmup"},
      {[](TrainOptions& o) { o.threads = -1; }, "--threads"},
      {[](TrainOptions& o) { o.lora.rank = 0; }, "--rank"},
      {[](TrainOptions& o) { o.lora.rank = kLargestRank + 1; }, "--rank"},
      {[](TrainOptions& o) { o.lora.alpha = -2 * kLargestAlpha; }, "--alpha"},
      {[](TrainOptions& o) { o.lora.dropout = 1; }, "--dropout"},
      {[](TrainOptions& o) { o.lora.dropout = 1 - 1e-12; }, "--dropout"},  // 1 in fp32
      {[](TrainOptions& o) { o.weight_decay = 2; }, "--weight-decay"},
      {[](TrainOptions& o) { o.beta2 = 1; }, "--beta1 and --beta2"},
      {[](TrainOptions& o) { o.epsilon = 0; }, "--epsilon"},
      {[](TrainOptions& o) { o.max_grad_norm = -1; }, "--max-grad-norm"},
      {[](TrainOptions& o) { o.save_steps = -1; }, "--save-steps"},
      {[](TrainOptions& o) { o.data_options.max_length = -1; }, "--max-length"},
      {[](TrainOptions& o) { o.data_options.response_marker.clear(); }, "--response-marker"},
      {[](TrainOptions& o) { o.eval_split = 1; }, "--eval-split"},
      {[](TrainOptions& o) { o.eval_split = 0.5, o.eval_data = "rows.jsonl"; }, "exclude each other"},
      {[](TrainOptions& o) { o.full = o.lora.dora = true; }, "--dora"},
      {[](TrainOptions& o) { o.full = true, o.init_adapter = "adapter"; }, "--init-adapter"},
      {[](TrainOptions& o) { o.keep_best = true; }, "need --eval-data or --eval-split"},
      {[](TrainOptions& o) { o.eval_split = 0.5, o.patience = -1; }, "--patience"},
      {[](TrainOptions& o) { o.eval_steps = 0; }, "--eval-steps"},
  };
  for (const auto& [spoil, part] : cases) {
    TrainOptions bad = good;
    spoil(bad);
    expect_error([&] { check_options(bad); }, {part}, part);
  }
  const TemporaryFolder folder;
  TrainOptions onto_itself;
  onto_itself.model = onto_itself.output = folder.path();
  expect_error([&] { check_options(onto_itself); }, {"would overwrite"}, "output");
}

}  // namespace
}  // namespace aacft::testing
