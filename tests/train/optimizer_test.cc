#include "train/optimizer.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "train/support.h"

namespace aacft::testing {
namespace {

// Two parameters, and gradients for them that are those of every step.
struct Trained {
  Parameter a{at::tensor({1.0f, -2.0f, 3.0f}), {}}, b{at::tensor({{0.5f}, {4.0f}}), {}};
  Optimizer optimizer;

  explicit Trained(double weight_decay = 0) : optimizer(named(), 0.9, 0.999, 1e-8, weight_decay) {}

  std::vector<NamedParameter> named() {
    make_trained(a), make_trained(b);
    return {{"a", &a}, {"b", &b}};
  }
  void set_gradients() {
    a.grad.copy_(at::tensor({3.0f, 0.0f, -1.0f}));
    b.grad.copy_(at::tensor({{2.0f}, {-1.0f}}));
  }
  void step() {
    set_gradients();
    optimizer.step(0.1);
  }
};

TEST(Optimizer, ClipsToTheGlobalNorm) {
  Trained trained;
  trained.set_gradients();
  const double norm = std::sqrt(15.0);
  EXPECT_NEAR(trained.optimizer.clip(0), norm, 1e-6);
  EXPECT_EQ(trained.a.grad[0].item<float>(), 3.0f);
  EXPECT_NEAR(trained.optimizer.clip(5), norm, 1e-6);
  EXPECT_EQ(trained.a.grad[0].item<float>(), 3.0f);
  EXPECT_NEAR(trained.optimizer.clip(1), norm, 1e-6);
  EXPECT_NEAR(trained.a.grad[0].item<double>(), 3 / norm, 1e-6);
  EXPECT_NEAR(trained.b.grad[1].item<double>(), -1 / norm, 1e-6);
  trained.optimizer.zero_gradients();
  EXPECT_EQ(trained.optimizer.clip(1), 0);
}

TEST(Optimizer, LeavesGradientsThatAreNotFiniteAndNamesThem) {
  Trained trained;
  trained.set_gradients();
  EXPECT_TRUE(trained.optimizer.non_finite_gradients().empty());
  trained.b.grad[0] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(std::isfinite(trained.optimizer.clip(1)));
  EXPECT_EQ(trained.a.grad[0].item<float>(), 3.0f);
  EXPECT_EQ(trained.optimizer.non_finite_gradients(), std::vector<std::string>{"b"});
}

// AdamW by its formulas, in double.
TEST(Optimizer, IsAdamW) {
  Trained trained(0.1);
  double value = 3, mean = 0, square = 0;
  for (int t = 1; t <= 5; ++t) {
    trained.step();
    value -= 0.1 * 0.1 * value;
    mean = 0.9 * mean + 0.1 * -1;
    square = 0.999 * square + 0.001 * 1;
    value -= 0.1 * mean / (1 - std::pow(0.9, t)) / (std::sqrt(square / (1 - std::pow(0.999, t))) + 1e-8);
    EXPECT_NEAR(trained.a.value[2].item<double>(), value, 1e-5) << t;
  }
}

TEST(Optimizer, GoesOnFromWhatItSaved) {
  const TemporaryFolder folder;
  Trained whole, parts, resumed;
  for (int i = 0; i < 4; ++i) whole.step();
  for (int i = 0; i < 2; ++i) parts.step();
  parts.optimizer.save(folder / "optimizer.safetensors");
  resumed.a.value.copy_(parts.a.value), resumed.b.value.copy_(parts.b.value);
  resumed.optimizer.load(folder / "optimizer.safetensors", 2);
  for (int i = 0; i < 2; ++i) resumed.step();
  EXPECT_TRUE(at::equal(resumed.a.value, whole.a.value));
  EXPECT_TRUE(at::equal(resumed.b.value, whole.b.value));
  // Another worker takes it over the other way: as tensors to be filled.
  Trained other;
  const auto from = whole.optimizer.state(4), to = other.optimizer.state(4);
  ASSERT_EQ(from.size(), to.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i].copy_(from[i]);
  whole.step(), other.step();
  EXPECT_TRUE(at::equal(other.a.value, whole.a.value));
}

TEST(Optimizer, RefusesTheStateOfAnotherRun) {
  const TemporaryFolder folder;
  Trained trained;
  trained.step();
  trained.optimizer.save(folder / "optimizer.safetensors");
  Parameter longer{at::zeros({4}), {}}, unknown{at::zeros({3}), {}};
  make_trained(longer), make_trained(unknown);
  Optimizer misshapen({{"a", &longer}}, 0.9, 0.999, 1e-8, 0), foreign({{"c", &unknown}}, 0.9, 0.999, 1e-8, 0);
  expect_error([&] { misshapen.load(folder / "optimizer.safetensors", 1); }, {"a.exp_avg", "another run"});
  expect_error([&] { foreign.load(folder / "optimizer.safetensors", 1); }, {"c.exp_avg", "another run"});
  EXPECT_NO_THROW(foreign.load(folder / "optimizer.safetensors", 0));  // there is no state before the first update
}

}  // namespace
}  // namespace aacft::testing
