// What the measurements have in common.
#pragma once

#include <algorithm>
#include <vector>

#include "aacft/base/system.h"
#include "aacft/bench/bench.h"

namespace aacft {

template <typename Run>
double seconds_of(const Run& run) {
  const double start = wall_seconds();
  run();
  return wall_seconds() - start;
}

// The shortest of at least two runs, after one to warm up.
template <typename Run>
double shortest(double seconds, const Run& run) {
  run();
  double best = seconds_of(run), passed = best;
  do {
    const double last = seconds_of(run);
    best = std::min(best, last);
    passed += last;
  } while (passed < seconds);
  return best;
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

inline ModelConfig with_layers(ModelConfig config, std::int64_t layers) {
  config.num_layers = layers;
  return config;
}

// Of a layer's linears, in memory.
std::uint64_t layer_bytes(const BenchOptions& options);

// How many layers it takes until no cache holds all their weights, as far as the shape and the memory allow; at least
// options.layers.
std::int64_t rotating_layers(const BenchOptions& options);

}  // namespace aacft
