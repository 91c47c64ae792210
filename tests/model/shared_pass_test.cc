// Beginnings that sequences share, computed once: the result is that of the plain pass.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>

#include "aacft/base/threads.h"
#include "aacft/model/sample_pass.h"
#include "model/support.h"

namespace aacft::testing {
namespace {

Sample sample(Ids ids, std::size_t first_counted) {
  Sample made;
  made.counts.assign(ids.size(), false);
  for (std::size_t t = first_counted; t < ids.size(); ++t) made.counts[t] = true;
  made.ids = std::move(ids);
  return made;
}

// Rows that share beginnings of all kinds: none, one inside another, equal ones, a fork at the first token.
std::vector<Sample> related_rows(std::int64_t vocab) {
  Random random(5);
  const Ids trunk = random.ids(40, vocab);
  const auto branch = [&](std::size_t shared, std::size_t own) {
    Ids ids(trunk.begin(), trunk.begin() + static_cast<std::ptrdiff_t>(shared));
    const Ids rest = random.ids(own, vocab);
    ids.insert(ids.end(), rest.begin(), rest.end());
    return ids;
  };
  const Ids twig = branch(25, 12);
  Ids longer = twig;
  longer.push_back(3), longer.push_back(4);
  return {sample(branch(30, 20), 1), sample(twig, 1), sample(longer, 30),      sample(branch(0, 17), 1),
          sample(branch(30, 9), 28), sample(twig, 5), sample(branch(1, 6), 1), sample(trunk, 1)};
}

std::vector<const Sample*> pointers(const std::vector<Sample>& rows) {
  std::vector<const Sample*> all;
  for (const Sample& row : rows) all.push_back(&row);
  return all;
}

std::vector<Ids> ids_of(const std::vector<Sample>& rows) {
  std::vector<Ids> all;
  for (const Sample& row : rows) all.push_back(row.ids);
  return all;
}

TEST(SharedPass, IsATrie) {
  const auto sequences = ids_of(related_rows(50));
  const SharedPass shared = make_shared_pass(sequences);
  const Pass& pass = shared.pass;
  std::map<Ids, std::int64_t> row_of;  // of every distinct beginning
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    ASSERT_EQ(shared.rows[i].size(), sequences[i].size());
    for (std::size_t t = 0; t < sequences[i].size(); ++t) {
      const std::int64_t row = shared.rows[i][t];
      EXPECT_EQ(pass.ids[row].item<std::int64_t>(), sequences[i][t]);
      EXPECT_EQ(pass.positions[static_cast<std::size_t>(row)], static_cast<std::int64_t>(t));
      const Ids beginning(sequences[i].begin(), sequences[i].begin() + static_cast<std::ptrdiff_t>(t) + 1);
      EXPECT_EQ(row_of.emplace(beginning, row).first->second, row);
    }
  }
  EXPECT_EQ(pass.rows(), static_cast<std::int64_t>(row_of.size()));
  EXPECT_EQ(shared_tokens(sequences), pass.rows());
  EXPECT_LT(pass.rows(), make_pass(sequences).rows());
  for (std::size_t s = 0; s < pass.segments(); ++s) {
    EXPECT_GT(pass.length(s), 0);
    EXPECT_LT(pass.parents[s], static_cast<std::int32_t>(s));
    std::int64_t before = 0;
    for (std::int32_t p = pass.parents[s]; p >= 0; p = pass.parents[static_cast<std::size_t>(p)])
      before += pass.length(static_cast<std::size_t>(p));
    EXPECT_EQ(pass.positions[static_cast<std::size_t>(pass.offsets[s])], before);
  }
  // The same text so far, the same masks.
  const Pass plain = make_pass(sequences);
  for (std::size_t i = 0; i < sequences.size(); ++i)
    for (std::size_t t = 0; t < sequences[i].size(); ++t)
      EXPECT_EQ(plain.prefixes[static_cast<std::size_t>(plain.offsets[i]) + t],
                pass.prefixes[static_cast<std::size_t>(shared.rows[i][t])]);
}

TEST(SharedPass, CutsAreAsFullAsCanBe) {
  const auto rows = related_rows(50);
  const auto all = pointers(rows);
  for (const std::int64_t most : {1, 50, 60, 80, 100, 1000}) {
    std::size_t next = 0;
    for (const auto& [begin, end] : cut_into_shared_passes(all, most)) {
      EXPECT_EQ(begin, next);
      ASSERT_LT(begin, end);
      const auto sequences = ids_of(rows);
      const auto unique = [&](std::size_t last) {
        return shared_tokens(std::span(sequences).subspan(begin, last - begin));
      };
      EXPECT_TRUE(unique(end) <= most || end - begin == 1);
      EXPECT_TRUE(end == rows.size() || unique(end + 1) > most);
      next = end;
    }
    EXPECT_EQ(next, rows.size());
  }
}

struct Case {
  std::string name;
  bool parallel = false, dora = false;
  double dropout = 0.3;
};

class Sharing : public ::testing::TestWithParam<Case> {
 protected:
  static ModelConfig config() {
    ModelConfig c;
    c.vocab_size = 61, c.hidden_size = 48, c.intermediate_size = 100, c.num_layers = 3, c.num_heads = 3,
    c.max_positions = 64;
    c.parallel_residual = GetParam().parallel;
    return c;
  }

  Sharing() : model_(config()) {
    LoraConfig c;
    c.rank = 3, c.dropout = GetParam().dropout, c.dora = GetParam().dora;
    c.target_modules = {"query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"};
    adapter_ = Adapter::create(c, *model_, 1, {});
    randomize(*adapter_, 2, 0.05);
    adapter_->fit(*model_);
    adapter_->train();
  }
  ~Sharing() override { set_threads(1); }

  struct Result {
    double loss = 0;
    std::vector<Tensor> gradients;
  };
  Result run(bool share, std::size_t kept = 3) {
    for (const NamedParameter& named : adapter_->parameters()) named.parameter->grad.zero_();
    const std::vector<float> weights = {0.01f, 0.02f, 0.01f, 0.03f, 0, 0.01f, 0.02f, 0.01f};
    SamplePass made = share ? shared_pass_of(pointers(rows_), weights) : pass_of(pointers(rows_), weights);
    made.pass.set_dropout(7, 3);
    made.pass.adapters.attach(adapter_->modules_by_target());
    Result result;
    add_gradients(*model_, made.pass, made.targets, kept, result.loss);
    for (const NamedParameter& named : adapter_->parameters())
      result.gradients.push_back(named.parameter->grad.clone());
    return result;
  }

  SmallModel model_;
  std::optional<Adapter> adapter_;
  std::vector<Sample> rows_ = related_rows(60);
};
INSTANTIATE_TEST_SUITE_P(Adapters, Sharing,
                         ::testing::Values(Case{"Lora"}, Case{.name = "Parallel", .parallel = true},
                                           Case{.name = "NoDropout", .dropout = 0}, Case{.name = "Dora", .dora = true}),
                         [](const auto& info) { return info.param.name; });

TEST_P(Sharing, EqualsThePlainPass) {
  const Result plain = run(false), shared = run(true);
  EXPECT_NEAR(shared.loss, plain.loss, 1e-6 * plain.loss);
  for (std::size_t i = 0; i < plain.gradients.size(); ++i) {
    EXPECT_GT(norm_of(plain.gradients[i]), 0);
    EXPECT_LE(relative_difference(shared.gradients[i], plain.gradients[i]), 2e-6) << i;
  }
}

// Law 2 holds with it.
TEST_P(Sharing, ThreadsAndKeptLayersChangeNoBit) {
  const Result expected = run(true);
  for (int threads = 1; threads <= 4; ++threads) {
    set_threads(threads);
    const Result again = run(true, static_cast<std::size_t>(threads - 1));
    EXPECT_EQ(again.loss, expected.loss);
    for (std::size_t i = 0; i < expected.gradients.size(); ++i)
      EXPECT_TRUE(same_bits(again.gradients[i], expected.gradients[i])) << i;
  }
}

}  // namespace
}  // namespace aacft::testing
