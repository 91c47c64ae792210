// Law 2: bit for bit the same gradients, for any number of threads, any split into passes, any number of kept
// layers.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "aacft/base/threads.h"
#include "model/support.h"

namespace aacft::testing {
namespace {

struct Case {
  std::string name;
  bool full = false, tied = false, parallel = false, dora = false;
  std::vector<std::string> targets = {"query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"};
  std::optional<std::vector<std::int64_t>> layers = {};
  torch::ScalarType type = torch::kFloat32;
};

const Case kCases[] = {
    {.name = "Lora"},
    {.name = "LoraOnUpperLayer", .parallel = true, .targets = {"dense"}, .layers = {{1}}, .type = torch::kBFloat16},
    {.name = "Dora", .dora = true, .type = torch::kFloat16},
    {.name = "Full", .full = true, .parallel = true},
    {.name = "FullTied", .full = true, .tied = true},
};

class Invariance : public ::testing::TestWithParam<Case> {
 protected:
  // Sizes that are no multiple of anything, some above one block of a matrix product; more counted rows than
  // the head takes at a time.
  static ModelConfig config() {
    ModelConfig c;
    c.vocab_size = 301, c.hidden_size = 99, c.intermediate_size = 203, c.num_layers = 3, c.num_heads = 3,
    c.max_positions = 320;
    c.rotary_pct = 0.5, c.parallel_residual = GetParam().parallel, c.tied_embeddings = GetParam().tied;
    return c;
  }

  Invariance() : model_(config(), 1, GetParam().type) {
    if (GetParam().full) {
      model_->train_all();
    } else {
      LoraConfig c;
      c.rank = 3, c.dropout = 0.2, c.target_modules = GetParam().targets, c.layers = GetParam().layers,
      c.dora = GetParam().dora;
      adapter_ = Adapter::create(c, *model_, 1, {});
      randomize(*adapter_, 2, 0.02);
      adapter_->fit(*model_);
      adapter_->train();
    }
    sequences_ = Random(3).sequences({1, 37, 300, 2, 5, 211, 60}, config().vocab_size);
    for (const Ids& ids : sequences_) {
      Targets t;
      // The fifth counts for nothing, the others for different amounts.
      if (ids.size() != 5) t = next_tokens({ids});
      for (float& weight : t.weights) weight = 1.0f / static_cast<float>(100 + ids.size());
      targets_.push_back(t);
    }
  }
  ~Invariance() override { set_threads(1); }

  Pass with_adapter(Pass pass) const { return adapter_ ? testing::with_adapter(std::move(pass), *adapter_) : pass; }

  struct Result {
    double loss = 0;
    std::vector<Tensor> gradients;
    std::vector<std::string> names;
  };

  // The targets of some sequences, which a pass holds.
  Targets joined(std::size_t first, std::size_t count, const Pass& pass) const {
    Targets targets;
    for (std::size_t i = 0; i < count; ++i) {
      const Targets& t = targets_[first + i];
      for (std::size_t k = 0; k < t.rows.size(); ++k) targets.add(pass.offsets[i] + t.rows[k], t.next[k], t.weights[k]);
    }
    return targets;
  }

  // `split`: sequences per pass.
  Result run(int threads, const std::vector<std::size_t>& split, std::size_t kept, std::uint64_t step = 1) {
    set_threads(threads);
    std::vector<NamedParameter> parameters = adapter_ ? adapter_->parameters() : model_->parameters();
    for (const NamedParameter& named : parameters) named.parameter->grad.zero_();
    Result result;
    std::size_t first = 0;
    for (const std::size_t count : split) {
      Pass pass = with_adapter(make_pass(std::span(sequences_).subspan(first, count)));
      pass.set_dropout(5, step);
      const Targets targets = joined(first, count, pass);
      first += count;
      add_gradients(*model_, pass, targets, kept, result.loss);
    }
    EXPECT_EQ(first, sequences_.size());
    model_->join_tied_gradients();
    for (const NamedParameter& named : parameters) {
      result.gradients.push_back(named.parameter->grad.clone());
      result.names.push_back(named.name);
    }
    return result;
  }

  void expect_same(const Result& a, const Result& b) {
    EXPECT_EQ(a.loss, b.loss);
    for (std::size_t i = 0; i < a.gradients.size(); ++i)
      EXPECT_TRUE(same_bits(a.gradients[i], b.gradients[i])) << a.names[i];
  }

  SmallModel model_;
  std::optional<Adapter> adapter_;
  std::vector<Ids> sequences_;
  std::vector<Targets> targets_;
};
INSTANTIATE_TEST_SUITE_P(Law2, Invariance, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST_P(Invariance, ThreadsPassesAndKeptLayers) {
  const Result expected = run(1, {7}, 3);
  for (std::size_t i = 0; i < expected.gradients.size(); ++i)
    EXPECT_GT(norm_of(expected.gradients[i]), 0) << expected.names[i];
  const std::vector<std::vector<std::size_t>> splits = {{7}, {1, 1, 1, 1, 1, 1, 1}, {3, 4}, {1, 6}, {6, 1}, {2, 2, 3}};
  for (int threads = 1; threads <= 4; ++threads)
    for (std::size_t i = 0; i < splits.size(); ++i) {
      const std::size_t kept = (i + static_cast<std::size_t>(threads)) % 4;
      SCOPED_TRACE(::testing::Message() << threads << " threads, split " << i << ", kept " << kept);
      expect_same(run(threads, splits[i], kept), expected);
    }
}

TEST_P(Invariance, KeptLayersAlone) {
  const Result expected = run(2, {3, 4}, 3);
  for (const std::size_t kept : {0, 1, 2, 4, 100}) {
    SCOPED_TRACE(kept);
    expect_same(run(2, {3, 4}, kept), expected);
  }
}

// Another step drops other inputs; without an adapter nothing is dropped.
TEST_P(Invariance, DropoutIsOn) {
  const Result one = run(1, {7}, 3, 1), two = run(1, {7}, 3, 2);
  EXPECT_EQ(one.loss == two.loss, GetParam().full);
  EXPECT_EQ(same_bits(one.gradients[0], two.gradients[0]), GetParam().full);
}

TEST_P(Invariance, LossAlone) {
  Pass pass = with_adapter(make_pass(sequences_));
  const Targets targets = joined(0, sequences_.size(), pass);
  double loss = 0, with_gradients = 0;
  std::vector<float> nll, alone;
  ComputeContext context;
  add_loss(*model_, pass, targets, context, loss, &nll);
  add_gradients(*model_, pass, targets, 1, with_gradients);
  EXPECT_EQ(loss, with_gradients);
  set_threads(3);
  std::size_t k = 0;
  for (std::size_t i = 0; i < sequences_.size(); ++i) {
    double ignored = 0;
    add_loss(*model_, with_adapter(make_pass(std::span(sequences_).subspan(i, 1))), targets_[i], context, ignored,
             &alone);
    for (const float value : alone) EXPECT_EQ(value, nll[k++]);
  }
  EXPECT_EQ(k, nll.size());
}

}  // namespace
}  // namespace aacft::testing
