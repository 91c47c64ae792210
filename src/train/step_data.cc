#include "aacft/train/step_data.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "aacft/model/sample_pass.h"

namespace aacft {
namespace {

StepData pick(const StepData& data, const std::vector<std::size_t>& indices) {
  StepData picked;
  for (const std::size_t i : indices) {
    picked.samples.push_back(data.samples[i]);
    picked.weights.push_back(data.weights[i]);
  }
  return picked;
}

std::vector<std::size_t> numbers(std::size_t first, std::size_t end) {
  std::vector<std::size_t> all(end - first);
  std::iota(all.begin(), all.end(), first);
  return all;
}

}  // namespace

std::int64_t StepData::tokens() const {
  std::int64_t sum = 0;
  for (const Sample* sample : samples) sum += static_cast<std::int64_t>(sample->ids.size());
  return sum;
}

std::int64_t StepData::targets() const {
  std::int64_t sum = 0;
  for (const Sample* sample : samples) sum += sample->counted();
  return sum;
}

Steps::Steps(const TrainOptions& options, const std::vector<Sample>& samples)
    : options_(options), samples_(samples), order_(samples.size(), options.micro_batch, options.shuffle, options.seed) {
  const auto per_epoch = static_cast<double>(order_.micro_batches_per_epoch());
  micro_batches_ = options.epochs > 0 ? static_cast<std::int64_t>(std::ceil(options.epochs * per_epoch - 1e-9))
                                      : options.max_steps * options.accumulation;
}

std::int64_t Steps::count() const { return (micro_batches_ + options_.accumulation - 1) / options_.accumulation; }

double Steps::epochs_after(std::int64_t steps) const {
  return static_cast<double>(std::min(steps * options_.accumulation, micro_batches_)) /
         static_cast<double>(order_.micro_batches_per_epoch());
}

StepData Steps::data(std::int64_t step) const {
  StepData data;
  std::vector<std::int64_t> counted;  // by sample: targets of its micro-batch
  const std::int64_t first = step * options_.accumulation,
                     end = std::min(first + options_.accumulation, micro_batches_);
  for (std::int64_t m = first; m < end; ++m) {
    StepData micro_batch;
    for (const std::size_t i : order_.micro_batch(m)) micro_batch.samples.push_back(&samples_[i]);
    counted.insert(counted.end(), micro_batch.samples.size(), micro_batch.targets());
    data.samples.insert(data.samples.end(), micro_batch.samples.begin(), micro_batch.samples.end());
  }
  const auto all = static_cast<double>(data.targets()), micro_batches = static_cast<double>(end - first);
  for (const std::int64_t own : counted)
    data.weights.push_back(static_cast<float>(
        options_.loss_norm == LossNorm::kToken ? 1.0 / all : 1.0 / static_cast<double>(own) / micro_batches));
  return data;
}

std::uint64_t Steps::fingerprint() const {
  std::uint64_t hash = aacft::fingerprint(samples_);
  for (const std::uint64_t value :
       {options_.seed, static_cast<std::uint64_t>(options_.micro_batch),
        static_cast<std::uint64_t>(options_.accumulation), static_cast<std::uint64_t>(options_.shuffle)})
    hash = (hash ^ value) * 0x100000001b3u;
  return hash;
}

StepData share_of(const StepData& data, int rank, int size) {
  const std::vector<std::int64_t> lengths = lengths_of(data.samples);
  std::vector<std::size_t> order = numbers(0, lengths.size()), mine;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return lengths[a] > lengths[b]; });
  std::vector<std::int64_t> tokens(static_cast<std::size_t>(size));
  for (const std::size_t i : order) {
    const auto least = std::min_element(tokens.begin(), tokens.end());
    *least += lengths[i];
    if (least - tokens.begin() == rank) mine.push_back(i);
  }
  std::sort(mine.begin(), mine.end());
  return pick(data, mine);
}

std::vector<StepData> passes_of(StepData data, bool shared, std::int64_t max_tokens) {
  if (shared) {
    std::vector<std::size_t> order = numbers(0, data.samples.size());
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return data.samples[a]->ids < data.samples[b]->ids; });
    data = pick(data, order);
  }
  std::vector<StepData> passes;
  for (const auto& [begin, end] : shared ? cut_into_shared_passes(data.samples, max_tokens)
                                         : cut_into_passes(lengths_of(data.samples), max_tokens))
    passes.push_back(pick(data, numbers(begin, end)));
  return passes;
}

std::int64_t computed_tokens(const StepData& pass, bool shared) {
  if (!shared) return pass.tokens();
  std::vector<std::vector<std::int32_t>> ids;
  for (const Sample* sample : pass.samples) ids.push_back(sample->ids);
  return shared_tokens(ids);
}

}  // namespace aacft
