// Operations and gradients against slow ones in double precision.
#include "aacft/model/ops.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "model/reference.h"
#include "model/support.h"

namespace aacft::testing {
namespace {

constexpr double kEpsilon = 0x1p-24;  // of rounding to fp32

// A pass whose sequences have these lengths; its ids do not matter.
Pass pass_of(const std::vector<std::size_t>& lengths) { return make_pass(Random(0).sequences(lengths, 2)); }

// Greatest difference of a result from the reference.
double difference(const Tensor& ours, const reference::Matrix& expected) {
  return (ours.detach().to(torch::kFloat64) - reference::tensor(expected)).abs().max().item<double>();
}

double largest(const Tensor& x) { return x.abs().max().item<double>(); }

double longest_row(const Tensor& x) { return x.to(torch::kFloat64).norm(2, 1).max().item<double>(); }

// A sum of n products is off by no more than n roundings of ||x|| ||w|| (Higham, Accuracy and
// Stability, 3.1).
double product_bound(const Tensor& x, const Tensor& w) {
  return kEpsilon * static_cast<double>(x.size(1) + 2) * longest_row(x) * longest_row(w);
}

TEST(Ops, Linear) {
  Random random(1);
  for (const auto type : {torch::kFloat32, torch::kFloat16, torch::kBFloat16})
    for (const std::int64_t out : {1, 127, 300}) {
      const Pass pass = pass_of({1, 4, 2});
      const Linear module{{random.normal({out, 40}).to(type)}, {random.normal({out})}};
      const Tensor x = random.normal({7, 40}), wide = module.weight.value.to(torch::kFloat32);
      const reference::Matrix bias = reference::matrix(module.bias.value);
      const auto expected = reference::linear(reference::matrix(x), reference::matrix(wide), &bias, nullptr);
      EXPECT_LE(difference(linear(x, module, pass), expected), product_bound(x, wide) + kEpsilon * 60);
      // Without a bias, and the other way round.
      EXPECT_LE(difference(multiply_transposed(x, module.weight.value, pass),
                           reference::times_transposed(reference::matrix(x), reference::matrix(wide))),
                product_bound(x, wide));
      const Tensor y = random.normal({7, out}), turned = wide.t().contiguous();
      EXPECT_LE(difference(multiply(y, module.weight.value, pass),
                           reference::times_transposed(reference::matrix(y), reference::matrix(turned))),
                product_bound(y, turned));
    }
}

TEST(Ops, WeightGradientsAdd) {
  Random random(2);
  const Pass pass = pass_of({1, 4, 2});
  const Tensor dy = random.normal({7, 200}), x = random.normal({7, 9});
  Tensor grad = torch::ones({200, 9});
  accumulate_weight_grad(grad, dy, x, pass);
  const Tensor a = dy.t().contiguous(), b = x.t().contiguous();
  EXPECT_LE(difference(grad - 1, reference::times_transposed(reference::matrix(a), reference::matrix(b))),
            product_bound(a, b) + kEpsilon * 2 * (1 + largest(grad)));
}

TEST(Ops, LayerNorm) {
  Random random(3);
  for (const double eps : {1e-5, 0.5}) {
    const LayerNorm module{{random.normal({50})}, {random.normal({50})}};
    const Tensor x = random.normal({7, 50}, 2, 5);
    const auto expected = reference::layer_norm(reference::matrix(x), reference::matrix(module.weight.value),
                                                reference::matrix(module.bias.value), eps);
    // x - mean loses what the mean is larger than the deviation.
    const double bound = kEpsilon * 8 * (largest(x) + 1) * (1 + largest(module.weight.value));
    EXPECT_LE(difference(layer_norm(x, module, eps, pass_of({3, 4})), expected), bound);
  }
}

TEST(Ops, Gelu) {
  const Tensor x = torch::linspace(-6, 6, 2 * 301).view({2, 301});
  const Pass pass = pass_of({1, 1});
  for (const Activation activation : {Activation::kGelu, Activation::kGeluTanh})
    EXPECT_LE(difference(gelu(x, activation, pass), reference::gelu(reference::matrix(x), activation)),
              kEpsilon * 16);
  // The two differ by more than that.
  EXPECT_GE(largest(gelu(x, Activation::kGelu, pass) - gelu(x, Activation::kGeluTanh, pass)), 1e-4);
}

ModelConfig attention_config(double rotary_pct) {
  ModelConfig config;
  config.hidden_size = 3 * 8, config.num_heads = 3, config.max_positions = 64;
  config.rotary_pct = rotary_pct, config.rotary_base = 500;
  return config;
}

// Angles are off by some roundings of the position, scores and values by some of their size.
double attention_bound(const Tensor& qkv, std::int64_t positions) {
  const double score = longest_row(qkv) * longest_row(qkv) / std::sqrt(8.0);
  return kEpsilon * (4 * static_cast<double>(positions) + 16) * score * largest(qkv);
}

TEST(Ops, Attention) {
  Random random(4);
  for (const double rotary_pct : {0.0, 0.25, 0.4, 0.5, 1.0}) {  // 0, 2, 3 (so 4), 4 and 8 of 8 dimensions
    SCOPED_TRACE(rotary_pct);
    const ModelConfig config = attention_config(rotary_pct);
    const RotaryTable rotary = make_rotary_table(config);
    EXPECT_EQ(rotary.cos.size(1), (config.rotary_dims() + 1) / 2 * 2);
    const Pass pass = pass_of({1, 40, 2, 5});
    const Tensor qkv = random.normal({48, 72}), y = attention(qkv, rotary, config.num_heads, pass, 0);
    for (std::size_t i = 0; i < pass.sequences(); ++i)
      EXPECT_LE(
          difference(pass.part(y, i), reference::attention(reference::matrix(pass.part(qkv, i)), config)),
          attention_bound(qkv, pass.length(i)));
  }
}

// With a cache, in any pieces, attention gives what it gives at once.
TEST(Ops, AttentionWithCache) {
  Random random(5);
  const ModelConfig config = attention_config(0.5);
  const RotaryTable rotary = make_rotary_table(config);
  const Tensor qkv = random.normal({20, 72});
  const auto expected = reference::tensor(reference::attention(reference::matrix(qkv), config));
  for (const std::vector<std::int64_t>& pieces :
       std::vector<std::vector<std::int64_t>>{{20}, {7, 1, 1, 11}, {1, 19}}) {
    KvCache cache;
    cache.keys = cache.values = {};
    cache.keys.push_back(torch::full({3, 21, 8}, NAN)), cache.values.push_back(torch::full({3, 21, 8}, NAN));
    std::vector<Tensor> y;
    for (const std::int64_t count : pieces) {
      Pass pass = pass_of({static_cast<std::size_t>(count)});
      pass.caches = {&cache};
      y.push_back(attention(qkv.narrow(0, cache.length, count), rotary, 3, pass, 0));
      cache.length += count;
    }
    EXPECT_LE((torch::cat(y).to(torch::kFloat64) - expected).abs().max().item<double>(),
              attention_bound(qkv, 20));
  }
}

LoraModule lora_module(Random& random, std::int64_t in, std::int64_t out, bool dora) {
  LoraModule lora;
  lora.a.value = random.normal({3, in}, 0.3), lora.b.value = random.normal({out, 3}, 0.3);
  lora.scale = 1.5;
  if (dora) lora.magnitude.value = random.normal({out}, 0.2, 2);
  return lora;
}

TEST(Ops, LoraAndDora) {
  Random random(6);
  for (const bool dora : {false, true}) {
    Linear module{{random.normal({300, 20})}, {random.normal({300})}};
    LoraModule lora = lora_module(random, 20, 300, dora);
    const reference::Matrix w = reference::matrix(module.weight.value),
                            bias = reference::matrix(module.bias.value);
    reference::Lora expected{
        reference::matrix(lora.a.value), reference::matrix(lora.b.value), {}, {}, lora.scale, {}};
    const double merged_norm =
        longest_row(module.weight.value) + lora.scale * longest_row(lora.b.value) * norm_of(lora.a.value);
    if (dora) {
      lora.norm = dora_norm(module.weight.value, lora);
      expected.magnitude = reference::matrix(lora.magnitude.value);
      expected.norm = reference::dora_norm(w, expected);
      EXPECT_LE(difference(lora.norm, expected.norm), kEpsilon * 25 * merged_norm);
    }
    module.lora = &lora;
    const Tensor x = random.normal({6, 20});
    const double bound = kEpsilon * 2 * 25 * longest_row(x) * merged_norm *
                         (dora ? largest(lora.magnitude.value / lora.norm) + 1 : 1);
    EXPECT_LE(difference(linear(x, module, pass_of({2, 4})),
                         reference::linear(reference::matrix(x), w, &bias, &expected)),
              bound);

    // What merging makes of it is the same map.
    const Linear merged{{torch::cat({merged_rows(module.weight.value.narrow(0, 0, 100), lora, 0),
                                     merged_rows(module.weight.value.narrow(0, 100, 200), lora, 100)})},
                        module.bias};
    EXPECT_LE(largest(linear(x, merged, pass_of({2, 4})) - linear(x, module, pass_of({2, 4}))), bound);
  }
}

// The mask of one module for the sequences of a pass, read off ones that go through identities.
Tensor mask_of(const Pass& pass, std::uint32_t module_id, double dropout, std::int64_t in) {
  LoraModule lora;
  lora.a.value = lora.b.value = torch::eye(in);
  lora.id = module_id, lora.dropout = dropout;
  const Linear module{{torch::zeros({in, in})}, {}, &lora};
  return linear(torch::ones({pass.rows(), in}), module, pass);
}

TEST(Ops, DropoutMasks) {
  Pass pass = pass_of({30, 30});
  pass.dropout = DropoutKeys{1, 2, {5, 6}};
  const Tensor mask = mask_of(pass, 3, 0.25, 100);
  EXPECT_TRUE(((mask == 0) | ((mask - 4.0 / 3).abs() < 1e-6)).all().item<bool>());
  // 6000 draws; five standard errors.
  EXPECT_NEAR((mask == 0).to(torch::kFloat64).mean().item<double>(), 0.25, 5 * std::sqrt(0.25 * 0.75 / 6000));
  // A function of seed, step, sample and module ...
  EXPECT_FALSE(pass.part(mask, 0).equal(pass.part(mask, 1)));
  EXPECT_FALSE(mask_of(pass, 4, 0.25, 100).equal(mask));
  Pass other = pass;
  other.dropout->seed = 9;
  EXPECT_FALSE(mask_of(other, 3, 0.25, 100).equal(mask));
  other = pass;
  other.dropout->step = 9;
  EXPECT_FALSE(mask_of(other, 3, 0.25, 100).equal(mask));
  // ... and of nothing else.
  Pass alone = pass_of({30});
  alone.dropout = DropoutKeys{1, 2, {6}};
  EXPECT_TRUE(mask_of(alone, 3, 0.25, 100).equal(pass.part(mask, 1)));
  pass.dropout.reset();
  EXPECT_TRUE(mask_of(pass, 3, 0.25, 100).equal(torch::ones({60, 100})));
}

// ---- gradients of whole models ----

struct GradientCase {
  std::string name;
  bool parallel = false, tied = false, attention_bias = true;
  double rotary_pct = 1;
  Activation activation = Activation::kGelu;
  std::optional<LoraConfig> lora;  // absent: full training
};

LoraConfig lora_config(std::vector<std::string> targets, double dropout, bool rslora = false,
                       bool dora = false) {
  LoraConfig c;
  c.rank = 3, c.alpha = 4, c.dropout = dropout, c.target_modules = std::move(targets), c.rslora = rslora,
  c.dora = dora;
  return c;
}

const std::vector<std::string> kAllLinears = {"query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"};

class Gradients : public ::testing::TestWithParam<GradientCase> {};

const GradientCase kGradientCases[] = {
    {.name = "Lora", .lora = lora_config(kAllLinears, 0)},
    {.name = "LoraDropout", .rotary_pct = 0.75, .lora = lora_config(kAllLinears, 0.3)},
    {.name = "LoraParallel",
     .parallel = true,
     .attention_bias = false,
     .rotary_pct = 0.5,
     .activation = Activation::kGeluTanh,
     .lora = lora_config(kAllLinears, 0.3)},
    {.name = "RsLora", .lora = lora_config({"query_key_value", "dense_4h_to_h"}, 0, true)},
    {.name = "Dora", .lora = lora_config(kAllLinears, 0, false, true)},
    {.name = "DoraDropout",
     .parallel = true,
     .rotary_pct = 0.5,
     .lora = lora_config(kAllLinears, 0.3, true, true)},
    {.name = "Full"},
    {.name = "FullParallel", .parallel = true, .rotary_pct = 0.5, .activation = Activation::kGeluTanh},
    {.name = "FullTied", .tied = true, .attention_bias = false, .rotary_pct = 0.5},
};
INSTANTIATE_TEST_SUITE_P(Model, Gradients, ::testing::ValuesIn(kGradientCases),
                         [](const auto& info) { return info.param.name; });

// Central differences of the reference, in every single parameter.
TEST_P(Gradients, EqualDifferencesOfTheReference) {
  const GradientCase& c = GetParam();
  ModelConfig config;
  config.vocab_size = 20, config.hidden_size = 8, config.intermediate_size = 12, config.num_layers = 2,
  config.num_heads = 2;
  config.max_positions = 16, config.rotary_pct = c.rotary_pct, config.rotary_base = 100;
  config.parallel_residual = c.parallel, config.tied_embeddings = c.tied,
  config.attention_bias = c.attention_bias;
  config.activation = c.activation;
  SmallModel model(config);
  std::optional<Adapter> adapter;
  if (c.lora) {
    adapter = Adapter::create(*c.lora, *model, 1, {});
    randomize(*adapter, 2);
    adapter->attach(*model);
    adapter->train();
  } else {
    model->train_all();
  }

  const auto sequences = Random(3).sequences({5, 1, 9}, config.vocab_size);
  Pass pass = make_pass(sequences);
  if (c.lora && c.lora->dropout > 0) pass.dropout = DropoutKeys{1, 2, {7, 8, 9}};
  Targets targets = next_tokens(sequences);
  for (std::size_t i = 0; i < targets.weights.size(); ++i)
    targets.weights[i] *= i % 4 == 1 ? 0 : 0.1f * static_cast<float>(1 + i % 3);

  // The same in double.
  reference::Model reference{config, {}, {}};
  for (const NamedParameter& named : model->parameters())
    reference.weights[named.name] = reference::matrix(named.parameter->value);
  std::vector<std::map<std::string, reference::Matrix>> masks(sequences.size());
  std::vector<std::tuple<std::string, Parameter*, reference::Matrix*>> trained;
  if (adapter) {
    for (const auto& m : adapter->modules()) {
      reference::Lora& lora = reference.adapters[m->name];
      const double r = static_cast<double>(c.lora->rank);
      lora.scale = c.lora->alpha / (c.lora->rslora ? std::sqrt(r) : r);
      lora.a = reference::matrix(m->a.value), lora.b = reference::matrix(m->b.value);
      trained.emplace_back(m->name + " A", &m->a, &lora.a);
      trained.emplace_back(m->name + " B", &m->b, &lora.b);
      if (c.lora->dora) {
        lora.magnitude = reference::matrix(m->magnitude.value);
        lora.norm =
            reference::dora_norm(reference.weight(m->name + ".weight"), lora);  // constant from here on
        trained.emplace_back(m->name + " magnitude", &m->magnitude, &lora.magnitude);
      }
      if (pass.dropout)
        for (std::size_t i = 0; i < sequences.size(); ++i)
          masks[i][m->name] =
              reference::matrix(pass.part(mask_of(pass, m->id, c.lora->dropout, m->a.value.size(1)), i));
    }
  } else {
    for (const NamedParameter& named : model->parameters())
      trained.emplace_back(named.name, named.parameter, &reference.weights.at(named.name));
  }
  const auto reference_loss = [&] {
    double loss = 0;
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      for (const auto& [name, mask] : masks[i]) reference.adapters.at(name).mask = mask;
      const auto first = static_cast<std::size_t>(pass.offsets[i]);
      loss += reference.loss(sequences[i], targets.next.data() + first, targets.weights.data() + first);
    }
    return loss;
  };

  double loss = 0;
  add_gradients(*model, pass, targets, 1, loss);
  model->join_tied_gradients();
  const double expected_loss = reference_loss();
  EXPECT_NEAR(loss, expected_loss, 1e-6 * expected_loss);
  // fp32 through some 30 operations: a few roundings of a tensor's norm in each.
  for (const auto& [name, parameter, matrix] : trained) {
    ASSERT_TRUE(parameter->trained());
    reference::Matrix expected = *matrix;
    for (std::size_t i = 0; i < expected.values.size(); ++i) {
      constexpr double kStep = 1e-5;
      const double before = matrix->values[i];
      matrix->values[i] = before + kStep;
      const double above = reference_loss();
      matrix->values[i] = before - kStep;
      expected.values[i] = (above - reference_loss()) / (2 * kStep);
      matrix->values[i] = before;
    }
    const Tensor wanted = reference::tensor(expected).view_as(parameter->grad);
    EXPECT_GT(norm_of(wanted), 1e-4) << name;
    EXPECT_LE(relative_difference(parameter->grad, wanted), 64 * kEpsilon) << name;
  }
}

// ---- gradients of single operations with respect to their input ----

// d/dx of sum(y * direction) against central differences of `reference`.
void check_input_gradient(const Tensor& x, const std::function<Tensor(const Tensor&)>& op,
                          const std::function<reference::Matrix(const reference::Matrix&)>& reference_op) {
  const Tensor leaf = x.clone().requires_grad_();
  const Tensor y = op(leaf);
  const Tensor direction = Random(9).normal(y.sizes().vec());
  torch::autograd::backward({y}, {direction});
  reference::Matrix at = reference::matrix(x), expected = at;
  const reference::Matrix weights = reference::matrix(direction);
  const auto value = [&] {
    const reference::Matrix result = reference_op(at);
    double sum = 0;
    for (std::size_t i = 0; i < result.values.size(); ++i) sum += result.values[i] * weights.values[i];
    return sum;
  };
  for (std::size_t i = 0; i < at.values.size(); ++i) {
    const double before = at.values[i];
    at.values[i] = before + 1e-5;
    const double above = value();
    at.values[i] = before - 1e-5;
    expected.values[i] = (above - value()) / 2e-5;
    at.values[i] = before;
  }
  EXPECT_LE(relative_difference(leaf.grad(), reference::tensor(expected)), 200 * kEpsilon);
}

TEST(InputGradients, LayerNorm) {
  Random random(7);
  const LayerNorm module{{random.normal({10})}, {random.normal({10})}};
  const Pass pass = pass_of({4});
  check_input_gradient(
      random.normal({4, 10}), [&](const Tensor& x) { return layer_norm(x, module, 0.1, pass); },
      [&](const reference::Matrix& x) {
        return reference::layer_norm(x, reference::matrix(module.weight.value),
                                     reference::matrix(module.bias.value), 0.1);
      });
}

TEST(InputGradients, Gelu) {
  const Pass pass = pass_of({2});
  for (const Activation activation : {Activation::kGelu, Activation::kGeluTanh})
    check_input_gradient(
        torch::linspace(-4, 4, 80).view({2, 40}), [&](const Tensor& x) { return gelu(x, activation, pass); },
        [&](const reference::Matrix& x) { return reference::gelu(x, activation); });
}

TEST(InputGradients, Attention) {
  for (const double rotary_pct : {0.0, 0.4, 1.0}) {
    const ModelConfig config = attention_config(rotary_pct);
    const RotaryTable rotary = make_rotary_table(config);
    const Pass pass = pass_of({6});
    check_input_gradient(
        Random(8).normal({6, 72}), [&](const Tensor& x) { return attention(x, rotary, 3, pass, 0); },
        [&](const reference::Matrix& x) { return reference::attention(x, config); });
  }
}

TEST(InputGradients, LinearWithLoraAndDora) {
  Random random(10);
  const Pass pass = pass_of({3});
  for (const bool dora : {false, true}) {
    Linear module{{random.normal({140, 9})}, {random.normal({140})}};
    LoraModule lora = lora_module(random, 9, 140, dora);
    if (dora) lora.norm = dora_norm(module.weight.value, lora);
    module.lora = &lora;
    reference::Lora expected{
        reference::matrix(lora.a.value), reference::matrix(lora.b.value), {}, {}, lora.scale, {}};
    if (dora)
      expected.magnitude = reference::matrix(lora.magnitude.value),
      expected.norm = reference::matrix(lora.norm);
    const reference::Matrix w = reference::matrix(module.weight.value),
                            bias = reference::matrix(module.bias.value);
    lora.train();
    check_input_gradient(
        random.normal({3, 9}), [&](const Tensor& x) { return linear(x, module, pass); },
        [&](const reference::Matrix& x) { return reference::linear(x, w, &bias, &expected); });
  }
}

}  // namespace
}  // namespace aacft::testing
