// The order in which a run takes its samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace aacft {

// Which samples a micro-batch holds: epochs follow one another, each in an order of its own, and the last micro-batch
// of an epoch may be short. Steps are windows of `accumulation` micro-batches that run across the ends of epochs.
class DataOrder {
 public:
  DataOrder(std::size_t samples, std::int64_t micro_batch, bool shuffle, std::uint64_t seed);

  std::int64_t micro_batches_per_epoch() const;
  std::vector<std::size_t> micro_batch(std::int64_t index) const;  // index counts from the start of the run

 private:
  std::size_t samples_, micro_batch_;
  bool shuffle_;
  std::uint64_t seed_;
};

}  // namespace aacft
