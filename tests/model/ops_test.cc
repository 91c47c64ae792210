// Operations and gradients against slow ones in double precision.
#include "aacft/model/ops.h"

#include <gtest/gtest.h>
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

// A frozen linear.
Linear make_linear(const Tensor& weight, const Tensor& bias = {}) {
  Linear linear = linear_of({{.target = 0, .weight = {weight, {}}, .bias = {bias, {}}}});
  linear.packed = packed_weight(linear);
  return linear;
}

const Tensor& weight_of(const Linear& linear) { return linear.parts[0].weight.value; }

Tensor apply(const Tensor& x, const Linear& module, const Pass& pass) {
  ComputeContext context;
  Tensor y = torch::empty({x.size(0), module.out});
  linear({pass, Compute::kFp32, context}, matrix_over(x), module, matrix_over(y), false, nullptr);
  return y;
}

Tensor apply(const Tensor& x, const Linear& module, Pass pass, const AdapterModules& adapter) {
  pass.adapters.attach(adapter);
  return apply(x, module, pass);
}

TEST(Ops, Linear) {
  Random random(1);
  for (const auto type : {torch::kFloat32, torch::kFloat16, torch::kBFloat16})
    for (const std::int64_t out : {1, 127, 300})
      for (const bool trained : {false, true}) {
        const Pass pass = pass_of({1, 4, 2});
        Linear module = make_linear(random.normal({out, 40}).to(type), random.normal({out}));
        if (trained) make_trained(module);
        const Tensor x = random.normal({7, 40}), wide = weight_of(module).to(torch::kFloat32);
        const reference::Matrix bias = reference::matrix(module.bias.value);
        const auto expected = reference::linear(reference::matrix(x), reference::matrix(wide), &bias, nullptr);
        const double bound = product_bound(x, wide) + kEpsilon * 60;
        EXPECT_LE(difference(apply(x, module, pass), expected), bound);
        // Added to what is there.
        Tensor y = torch::ones({7, out});
        ComputeContext context;
        const OpContext c{pass, Compute::kFp32, context};
        linear(c, matrix_over(x), module, matrix_over(y), true, nullptr);
        EXPECT_LE(difference(y - 1, expected), bound + kEpsilon * 60);
        // The other way round.
        const Tensor dy = random.normal({7, out}), turned = wide.t().contiguous();
        Tensor dx = torch::empty({7, 40});
        const Matrix into = matrix_over(dx);
        linear_backward(c, matrix_over(x), module, matrix_over(dy), &into, false, {});
        EXPECT_LE(difference(dx, reference::times_transposed(reference::matrix(dy), reference::matrix(turned))),
                  product_bound(dy, turned));
      }
}

TEST(Ops, WeightGradientsAdd) {
  Random random(2);
  const Pass pass = pass_of({1, 4, 2});
  const Tensor dy = random.normal({7, 200}), x = random.normal({7, 9});
  Linear module = make_linear(random.normal({200, 9}));
  make_trained(module);
  module.weight.grad.fill_(1);
  ComputeContext context;
  linear_backward({pass, Compute::kFp32, context}, matrix_over(x), module, matrix_over(dy), nullptr, false, {});
  const Tensor a = dy.t().contiguous(), b = x.t().contiguous(), &grad = module.weight.grad;
  EXPECT_LE(difference(grad - 1, reference::times_transposed(reference::matrix(a), reference::matrix(b))),
            product_bound(a, b) + kEpsilon * 2 * (1 + largest(grad)));
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
    Linear module = make_linear(random.normal({300, 20}), random.normal({300}));
    LoraModule lora = lora_module(random, 20, 300, dora);
    const reference::Matrix w = reference::matrix(weight_of(module)), bias = reference::matrix(module.bias.value);
    reference::Lora expected{reference::matrix(lora.a.value), reference::matrix(lora.b.value), {}, {}, lora.scale, {}};
    const double merged_norm =
        longest_row(weight_of(module)) + lora.scale * longest_row(lora.b.value) * norm_of(lora.a.value);
    if (dora) {
      lora.norm = dora_norm(module, module.parts[0], lora);
      expected.magnitude = reference::matrix(lora.magnitude.value);
      expected.norm = reference::dora_norm(w, expected);
      EXPECT_LE(difference(lora.norm, expected.norm), kEpsilon * 25 * merged_norm);
    }
    const AdapterModules adapter = {&lora};
    const Tensor x = random.normal({6, 20});
    const double bound =
        kEpsilon * 2 * 25 * longest_row(x) * merged_norm * (dora ? largest(lora.magnitude.value / lora.norm) + 1 : 1);
    EXPECT_LE(difference(apply(x, module, pass_of({2, 4}), adapter),
                         reference::linear(reference::matrix(x), w, &bias, &expected)),
              bound);

    // What merging makes of it is the same map.
    const Linear merged = make_linear(torch::cat({merged_rows(weight_of(module).narrow(0, 0, 100), lora, 0),
                                                  merged_rows(weight_of(module).narrow(0, 100, 200), lora, 100)}),
                                      module.bias.value);
    EXPECT_LE(largest(apply(x, merged, pass_of({2, 4})) - apply(x, module, pass_of({2, 4}), adapter)), bound);
  }
}

// One product of three parts gives the bits of three linears side by side, and so do its adapters and their gradients;
// the input's gradient is their sum.
TEST(Ops, LinearOfParts) {
  Random random(7);
  const std::vector<std::int64_t> outs = {48, 16, 32};
  for (const bool dora : {false, true}) {
    std::vector<LinearPart> parts;
    std::vector<Linear> alone;
    std::vector<LoraModule> loras;
    for (std::size_t i = 0; i < outs.size(); ++i) {
      const Tensor weight = random.normal({outs[i], 20}), bias = random.normal({outs[i]});
      parts.push_back({.target = static_cast<std::uint32_t>(i), .weight = {weight, {}}, .bias = {bias, {}}});
      alone.push_back(make_linear(weight, bias));
      loras.push_back(lora_module(random, 20, outs[i], dora));
      loras[i].target = static_cast<std::uint32_t>(i);
      if (dora) loras[i].norm = dora_norm(alone[i], alone[i].parts[0], loras[i]);
      loras[i].train();
    }
    Linear together = linear_of(parts);
    together.packed = packed_weight(together);

    Pass pass = pass_of({2, 4});
    const AdapterModules adapter = {&loras[0], nullptr, &loras[2]};  // one part goes without
    pass.adapters.attach(adapter);
    ComputeContext context;
    const OpContext c{pass, Compute::kFp32, context};
    const Tensor x = random.normal({6, 20}), dy = random.normal({6, together.out});
    Tensor y = torch::empty({6, together.out}), dx = torch::empty({6, 20}), sum = torch::zeros({6, 20});
    LinearState state;
    const Matrix into = matrix_over(dx);
    linear(c, matrix_over(x), together, matrix_over(y), false, &state);
    linear_backward(c, matrix_over(x), together, matrix_over(dy), &into, false, state);
    std::vector<Tensor> grads;
    for (LoraModule& lora : loras) {
      grads.push_back(lora.b.grad.clone());
      for (Parameter* p : {&lora.a, &lora.b}) p->grad.zero_();
      if (dora) lora.magnitude.grad.zero_();
    }
    for (std::size_t i = 0; i < outs.size(); ++i) {
      const AdapterModules one = {adapter[i]};
      pass.adapters.attach(one);
      Tensor y_i = torch::empty({6, outs[i]}), dx_i = torch::empty({6, 20});
      const Tensor dy_i = dy.narrow(1, together.parts[i].first, outs[i]).contiguous();
      LinearState state_i;
      const Matrix into_i = matrix_over(dx_i);
      linear(c, matrix_over(x), alone[i], matrix_over(y_i), false, &state_i);
      linear_backward(c, matrix_over(x), alone[i], matrix_over(dy_i), &into_i, false, state_i);
      EXPECT_TRUE(same_bits(y.narrow(1, together.parts[i].first, outs[i]), y_i));
      EXPECT_TRUE(same_bits(grads[i], loras[i].b.grad)) << i;
      EXPECT_EQ(norm_of(grads[i]) > 0, adapter[i] != nullptr);
      sum += dx_i;
    }
    EXPECT_LE(relative_difference(dx, sum), 8 * kEpsilon);
  }
}

// Segments of one pass in different voices, and in none: each has the bits that it has alone.
TEST(Ops, SegmentsHaveAdaptersOfTheirOwn) {
  Random random(8);
  for (const bool dora : {false, true}) {
    const Linear module = make_linear(random.normal({70, 20}), random.normal({70}));
    std::vector<LoraModule> loras = {lora_module(random, 20, 70, dora), lora_module(random, 20, 70, dora)};
    for (LoraModule& lora : loras)
      if (dora) lora.norm = dora_norm(module, module.parts[0], lora);
    const AdapterModules one = {&loras[0]}, two = {&loras[1]}, none;
    const std::vector<const AdapterModules*> voices = {&one, &one, &none, &two, &one};
    const std::vector<std::size_t> lengths = {2, 1, 3, 4, 2};
    Pass pass = pass_of(lengths);
    pass.adapters.attach(two);  // of segments that name none
    for (const std::size_t i : {0, 1, 2, 4}) pass.adapters.attach(i, *voices[i]);
    const Tensor x = random.normal({12, 20}), y = apply(x, module, pass);
    for (std::size_t i = 0; i < lengths.size(); ++i)
      EXPECT_TRUE(same_bits(pass.part(y, i), apply(pass.part(x, i), module, pass_of({lengths[i]}), *voices[i]))) << i;
    pass.adapters.detach();
    EXPECT_TRUE(same_bits(apply(x, module, pass), apply(x, module, pass_of(lengths))));
  }
}

// The mask of one module for the rows of a pass, read off ones that go through identities.
Tensor mask_of(const Pass& pass, std::uint32_t target, double dropout, std::int64_t in) {
  LoraModule lora;
  lora.a.value = lora.b.value = torch::eye(in);
  lora.target = target, lora.dropout = dropout;
  Linear module = make_linear(torch::zeros({in, in}));
  return apply(torch::ones({pass.rows(), in}), module, pass, {&lora});
}

Pass dropped_pass(const std::vector<Ids>& sequences, std::uint64_t seed, std::uint64_t step) {
  Pass pass = make_pass(sequences);
  pass.set_dropout(seed, step);
  return pass;
}

TEST(Ops, DropoutMasks) {
  const auto sequences = Random(0).sequences({30, 30}, 1000);
  const Tensor mask = mask_of(dropped_pass(sequences, 1, 2), 3, 0.25, 100);
  EXPECT_TRUE(((mask == 0) | ((mask - 4.0 / 3).abs() < 1e-6)).all().item<bool>());
  // 6000 draws; five standard errors.
  EXPECT_NEAR((mask == 0).to(torch::kFloat64).mean().item<double>(), 0.25, 5 * std::sqrt(0.25 * 0.75 / 6000));
  // A function of seed, step, module and the text so far ...
  EXPECT_FALSE(mask.narrow(0, 0, 30).equal(mask.narrow(0, 30, 30)));
  EXPECT_FALSE(mask_of(dropped_pass(sequences, 1, 2), 4, 0.25, 100).equal(mask));
  EXPECT_FALSE(mask_of(dropped_pass(sequences, 9, 2), 3, 0.25, 100).equal(mask));
  EXPECT_FALSE(mask_of(dropped_pass(sequences, 1, 9), 3, 0.25, 100).equal(mask));
  // ... and of nothing else.
  EXPECT_TRUE(mask_of(dropped_pass({sequences[1]}, 1, 2), 3, 0.25, 100).equal(mask.narrow(0, 30, 30)));
  Ids other = sequences[1];
  other[20] += 1;
  const Tensor changed = mask_of(dropped_pass({other}, 1, 2), 3, 0.25, 100);
  EXPECT_TRUE(changed.narrow(0, 0, 20).equal(mask.narrow(0, 30, 20)));
  for (std::int64_t row = 20; row < 30; ++row) EXPECT_FALSE(changed[row].equal(mask[30 + row]));
  EXPECT_TRUE(mask_of(make_pass(sequences), 3, 0.25, 100).equal(torch::ones({60, 100})));
}

// ---- gradients of whole models ----

struct GradientCase {
  std::string name;
  bool parallel = false, tied = false, attention_bias = true;
  double rotary_pct = 1;
  Activation activation = Activation::kGelu;
  std::optional<LoraConfig> lora;   // absent: full training
  std::string family = "gpt_neox";  // else the fields that are its alone do not matter
};

LoraConfig lora_config(std::vector<std::string> targets, double dropout, bool rslora = false, bool dora = false) {
  LoraConfig c;
  c.rank = 3, c.alpha = 4, c.dropout = dropout, c.target_modules = std::move(targets), c.rslora = rslora, c.dora = dora;
  return c;
}

const std::vector<std::string> kAllLinears = {"query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"};

const std::vector<std::string> kLlamaLinears = {"q_proj",    "k_proj",  "v_proj",   "o_proj",
                                                "gate_proj", "up_proj", "down_proj"};

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
    {.name = "DoraDropout", .parallel = true, .rotary_pct = 0.5, .lora = lora_config(kAllLinears, 0.3, true, true)},
    {.name = "Full"},
    {.name = "FullParallel", .parallel = true, .rotary_pct = 0.5, .activation = Activation::kGeluTanh},
    {.name = "FullTied", .tied = true, .attention_bias = false, .rotary_pct = 0.5},
    {.name = "Llama", .tied = true, .lora = lora_config(kLlamaLinears, 0.3), .family = "llama"},
    {.name = "LlamaSome", .lora = lora_config({"q_proj", "v_proj", "up_proj"}, 0), .family = "llama"},
    {.name = "LlamaDora", .lora = lora_config(kLlamaLinears, 0.3, false, true), .family = "llama"},
    {.name = "LlamaFull", .family = "llama"},
    {.name = "Qwen2", .lora = lora_config({"k_proj", "gate_proj", "o_proj"}, 0.2), .family = "qwen2"},
    {.name = "Qwen2Full", .tied = true, .family = "qwen2"},
    {.name = "Qwen3", .lora = lora_config(kLlamaLinears, 0), .family = "qwen3"},
    {.name = "Qwen3Full", .tied = true, .family = "qwen3"},
};
INSTANTIATE_TEST_SUITE_P(Model, Gradients, ::testing::ValuesIn(kGradientCases),
                         [](const auto& info) { return info.param.name; });

ModelConfig gradient_config(const GradientCase& c) {
  if (c.family == "gpt_neox") {
    ModelConfig config;
    config.vocab_size = 20, config.hidden_size = 8, config.intermediate_size = 12, config.num_layers = 2,
    config.num_heads = 2;
    config.max_positions = 16, config.rotary_pct = c.rotary_pct, config.rotary_base = 100;
    config.parallel_residual = c.parallel, config.tied_embeddings = c.tied;
    config.qkv_bias = config.attention_output_bias = c.attention_bias;
    config.activation = c.activation;
    return config;
  }
  nlohmann::json object = {{"model_type", c.family},   {"vocab_size", 20},
                           {"hidden_size", 8},         {"intermediate_size", 12},
                           {"num_hidden_layers", 2},   {"num_attention_heads", 4},
                           {"num_key_value_heads", 2}, {"max_position_embeddings", 16},
                           {"rope_theta", 100},        {"tie_word_embeddings", c.tied}};
  if (c.family == "qwen3") object["head_dim"] = 6;
  if (c.family == "llama") {
    object.update({{"attention_bias", true}, {"mlp_bias", true}});
    object["rope_scaling"] = {{"rope_type", "llama3"},
                              {"factor", 4},
                              {"low_freq_factor", 1},
                              {"high_freq_factor", 4},
                              {"original_max_position_embeddings", 200}};
  }
  return parse_model_config(object, c.name);
}

// Central differences of the reference, in every single parameter.
TEST_P(Gradients, EqualDifferencesOfTheReference) {
  const GradientCase& c = GetParam();
  const ModelConfig config = gradient_config(c);
  SmallModel model(config);
  std::optional<Adapter> adapter;
  if (c.lora) {
    adapter = Adapter::create(*c.lora, *model, 1, {});
    randomize(*adapter, 2);
    adapter->fit(*model);
    adapter->train();
  } else {
    model->train_all();
  }

  const auto sequences = Random(3).sequences({5, 1, 9}, config.vocab_size);
  Pass pass = make_pass(sequences);
  if (adapter) pass.adapters.attach(adapter->modules_by_target());
  if (c.lora && c.lora->dropout > 0) pass.set_dropout(1, 2);
  Targets targets;
  std::vector<std::int64_t> next(static_cast<std::size_t>(pass.rows()));
  std::vector<float> weights(next.size());
  for (std::size_t i = 0; i < sequences.size(); ++i)
    for (std::size_t t = 0; t + 1 < sequences[i].size(); ++t) {
      const auto row = static_cast<std::size_t>(pass.offsets[i]) + t;
      next[row] = sequences[i][t + 1];
      weights[row] = row % 4 == 1 ? 0 : 0.1f * static_cast<float>(1 + row % 3);
      if (weights[row] != 0) targets.add(static_cast<std::int64_t>(row), next[row], weights[row]);
    }

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
        lora.norm = reference::dora_norm(reference.weight(m->name + ".weight"), lora);  // constant from here on
        trained.emplace_back(m->name + " magnitude", &m->magnitude, &lora.magnitude);
      }
      if (pass.dropout)
        for (std::size_t i = 0; i < sequences.size(); ++i)
          masks[i][m->name] =
              reference::matrix(pass.part(mask_of(pass, m->target, c.lora->dropout, m->a.value.size(1)), i));
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
      loss += reference.loss(sequences[i], next.data() + first, weights.data() + first);
    }
    return loss;
  };

  double loss = 0;
  add_gradients(*model, pass, targets, 1, loss);
  model->join_tied_gradients();
  const double expected_loss = reference_loss();
  EXPECT_NEAR(loss, expected_loss, 1e-6 * expected_loss);
  // fp32 through some 50 operations: a few roundings of a tensor's norm in each.
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
    EXPECT_LE(relative_difference(parameter->grad, wanted), 96 * kEpsilon) << name;
  }
}

}  // namespace
}  // namespace aacft::testing
