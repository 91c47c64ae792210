// The four linears of a RedPajama-3B layer, their weights out of main memory: compare the rates with the machine's
// peaks of the same minute.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "aacft/base/random.h"
#include "aacft/kernels/matmul.h"

namespace aacft {
namespace {

struct Shape {
  std::int64_t out, in;
};
constexpr Shape kShapes[] = {{7680, 2560}, {2560, 2560}, {10240, 2560}, {2560, 10240}};
constexpr std::int64_t kLargest = 10240;
// More than any cache.
constexpr std::size_t kPoolBytes = std::size_t{1100} << 20;

using Layer = std::vector<PackedWeights>;

const std::vector<float>& random_rows() {
  static const std::vector<float> rows = [] {
    std::vector<float> values(static_cast<std::size_t>(kLargest * 2560));
    RandomStream(1, Purpose::kModelInit).fill_normal(values.data(), 0, values.size());
    return values;
  }();
  return rows;
}

// Of the last type asked for only: several pools would not fit.
const std::vector<Layer>& layers_of(WeightType type) {
  static std::vector<Layer> layers;
  if (!layers.empty() && layers[0][0].type() == type) return layers;
  layers.clear();
  for (std::size_t bytes = 0; bytes < kPoolBytes;) {
    Layer layer;
    for (const Shape& s : kShapes) {
      layer.push_back(PackedWeights::pack(random_rows().data(), WeightType::kFp32, s.out, s.in, type));
      bytes += layer.back().bytes();
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

// Arguments: weight type, rows, transposed, compute, element.
void layer(benchmark::State& state) {
  const auto type = static_cast<WeightType>(state.range(0));
  const std::int64_t m = state.range(1);
  const bool transposed = state.range(2) != 0;
  const auto compute = static_cast<Compute>(state.range(3));
  const auto element = compute == Compute::kFp32 ? Element::kFp32 : Element::kBf16;
  const std::vector<Layer>& layers = layers_of(type);
  std::vector<float> x(static_cast<std::size_t>(m * kLargest)), y(x.size());
  if (element == Element::kFp32) RandomStream(2, Purpose::kModelInit).fill_normal(x.data(), 0, x.size() / 2 * 2);

  double flops = 0, bytes = 0;
  std::size_t next = 0;
  for (auto _ : state) {
    const Layer& weights = layers[next++ % layers.size()];
    for (const PackedWeights& w : weights) {
      const std::int64_t k = transposed ? w.out() : w.in(), n = transposed ? w.in() : w.out();
      (transposed ? matmul_transposed : matmul)({x.data(), element, m, k, k}, w, {y.data(), element, m, n, n}, compute,
                                                {});
      flops += 2.0 * static_cast<double>(m * k * n);
      bytes += static_cast<double>(w.bytes());
    }
  }
  state.SetLabel(std::string(weight_type_name(type)));
  state.counters["flops"] = benchmark::Counter(flops, benchmark::Counter::kIsRate);
  state.counters["bytes"] = benchmark::Counter(bytes, benchmark::Counter::kIsRate);
}
BENCHMARK(layer)
    ->ArgNames({"type", "m", "transposed", "compute"})
    ->ArgsProduct({{0, 1, 2, 3, 4}, {1, 8, 60, 320, 1280}, {0, 1}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Arguments: stored type, packed type.
void pack(benchmark::State& state) {
  const auto stored = static_cast<WeightType>(state.range(0)), type = static_cast<WeightType>(state.range(1));
  double weights = 0;
  for (auto _ : state) {
    const auto packed = PackedWeights::pack(random_rows().data(), stored, kLargest, 2560, type);
    benchmark::DoNotOptimize(packed.values());
    weights += static_cast<double>(kLargest) * 2560;
  }
  state.SetLabel(std::string(weight_type_name(type)));
  state.counters["weights"] = benchmark::Counter(weights, benchmark::Counter::kIsRate);
}
BENCHMARK(pack)
    ->ArgNames({"stored", "type"})
    ->ArgsProduct({{0, 1, 2}, {0, 1, 2, 3, 4}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace aacft
