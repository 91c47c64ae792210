#include "aacft/train/data_order.h"

#include <algorithm>

#include "aacft/base/random.h"

namespace aacft {

DataOrder::DataOrder(std::size_t samples, std::int64_t micro_batch, bool shuffle, std::uint64_t seed)
    : samples_(samples), micro_batch_(static_cast<std::size_t>(micro_batch)), shuffle_(shuffle), seed_(seed) {}

std::int64_t DataOrder::micro_batches_per_epoch() const {
  return static_cast<std::int64_t>((samples_ + micro_batch_ - 1) / micro_batch_);
}

std::vector<std::size_t> DataOrder::micro_batch(std::int64_t index) const {
  const auto epoch = static_cast<std::uint64_t>(index / micro_batches_per_epoch());
  const RandomStream order(seed_, Purpose::kShuffle, epoch);
  const auto first = static_cast<std::size_t>(index % micro_batches_per_epoch()) * micro_batch_;
  std::vector<std::size_t> samples;
  for (std::size_t i = first; i < std::min(first + micro_batch_, samples_); ++i)
    samples.push_back(shuffle_ ? static_cast<std::size_t>(order.permute(i, samples_)) : i);
  return samples;
}

}  // namespace aacft
