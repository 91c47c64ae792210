// Products of a few rows with the linears of a RedPajama-3B layer, their weights out of main memory, in turns with
// reading the same weights: what share of the memory's speed is left.
//
//   decode_bench [ROWS [THREADS [SECONDS]]]    (1, all cores, 3 for each line)
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "aacft/base/random.h"
#include "aacft/base/system.h"
#include "aacft/base/threads.h"
#include "aacft/kernels/isa.h"
#include "aacft/kernels/matmul_int8.h"
#include "aacft/kernels/peak.h"

namespace aacft {
namespace {

struct Shape {
  std::int64_t out, in;
};
constexpr Shape kShapes[] = {{7680, 2560}, {2560, 2560}, {10240, 2560}, {2560, 10240}};
constexpr std::int64_t kLargest = 10240;
// More than the last-level cache of a large machine.
constexpr std::size_t kPoolBytes = std::size_t{900} << 20;

using Layer = std::vector<PackedWeights>;

std::vector<float> random_values(std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  RandomStream(1, Purpose::kModelInit).fill_normal(values.data(), 0, values.size());
  return values;
}

std::vector<Layer> layers_of(WeightType type) {
  const std::vector<float> rows = random_values(kLargest * 2560);
  std::vector<Layer> layers;
  for (std::size_t bytes = 0; bytes < kPoolBytes;) {
    Layer layer;
    for (const Shape& s : kShapes) {
      layer.push_back(PackedWeights::pack(rows.data(), WeightType::kFp32, s.out, s.in, type));
      bytes += layer.back().bytes();
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

struct Way {
  std::string name;
  std::function<void(const Layer&)> run;
  std::vector<double> rates;  // bytes/s, of a layer each
};

void take_turns(const std::vector<Layer>& layers, double seconds, std::vector<Way>& ways) {
  double bytes = 0;
  for (const PackedWeights& w : layers[0]) bytes += static_cast<double>(w.bytes());
  const double start = wall_seconds();
  for (std::size_t turn = 0; wall_seconds() - start < seconds; ++turn) {
    // Each way meets each layer after all others have passed through the caches.
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const Layer& layer = layers[(turn + i * layers.size() / ways.size()) % layers.size()];
      const double before = wall_seconds();
      ways[i].run(layer);
      ways[i].rates.push_back(bytes / (wall_seconds() - before));
    }
  }
}

void print(const char* type, std::vector<Way>& ways) {
  for (Way& way : ways) std::sort(way.rates.begin(), way.rates.end());
  const auto best = [](const Way& way) { return way.rates.back(); };
  const auto median = [](const Way& way) { return way.rates[way.rates.size() / 2]; };
  for (const Way& way : ways)
    std::printf("%-5s %-16s best %6.2f GB/s  %.2f of reading   median %6.2f  %.2f\n", type, way.name.c_str(),
                best(way) / 1e9, best(way) / best(ways[0]), median(way) / 1e9, median(way) / median(ways[0]));
}

void bench(WeightType type, std::int64_t m, double seconds) {
  const std::vector<Layer> layers = layers_of(type);
  std::vector<float> x = random_values(m * kLargest), y(x.size());
  const auto product = [&](Element element, const auto& multiply) {
    return [&, element, multiply](const Layer& layer) {
      for (const PackedWeights& w : layer)
        multiply(ConstMatrix{x.data(), element, m, w.in(), w.in()}, w, Matrix{y.data(), element, m, w.out(), w.out()});
    };
  };
  std::vector<Way> ways;
  ways.push_back({"reading",
                  [](const Layer& layer) {
                    std::vector<std::span<const std::byte>> regions;
                    for (const PackedWeights& w : layer) regions.push_back({w.values(), w.bytes()});
                    seconds_to_read(regions);
                  },
                  {}});
  ways.push_back(
      {"fp32",
       product(Element::kFp32, [](const auto& a, const auto& w, const auto& b) { matmul(a, w, b, Compute::kFp32); }),
       {}});
  ways.push_back(
      {"bf16",
       product(Element::kFp32, [](const auto& a, const auto& w, const auto& b) { matmul(a, w, b, Compute::kBf16); }),
       {}});
  if (scale_group(type) > 0)
    ways.push_back({"int8",
                    product(Element::kFp32, [](const auto& a, const auto& w, const auto& b) { matmul_int8(a, w, b); }),
                    {}});
  take_turns(layers, seconds * static_cast<double>(ways.size()), ways);
  print(std::string(weight_type_name(type)).c_str(), ways);
}

}  // namespace
}  // namespace aacft

int main(int argc, char** argv) {
  using namespace aacft;
  const std::int64_t rows = argc > 1 ? std::atoll(argv[1]) : 1;
  if (argc > 2) set_threads(std::atoi(argv[2]));
  const double seconds = argc > 3 ? std::atof(argv[3]) : 3;
  std::printf("%s%s, %lld rows, %d threads\n", std::string(isa_name(isa())).c_str(), has_vnni() ? " with VNNI" : "",
              static_cast<long long>(rows), threads());
  for (const WeightType type : {WeightType::kBf16, WeightType::kInt8, WeightType::kNf4}) bench(type, rows, seconds);
}
