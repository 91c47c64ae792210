#include "aacft/model/pass.h"

#include <torch/types.h>

#include <algorithm>
#include <numeric>

#include "aacft/base/threads.h"

namespace aacft {
namespace {

using Sequence = std::vector<std::int32_t>;

// A bijection that spreads every bit (the finaliser of SplitMix64; Steele et al. 2014).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Appends a segment for tokens first .. last - 1 of a sequence.
void append(Pass& pass, std::vector<std::int64_t>& ids, const Sequence& sequence, std::size_t first, std::size_t last,
            std::int32_t parent) {
  std::uint64_t hash =
      parent < 0 ? 0 : pass.prefixes[static_cast<std::size_t>(pass.offsets[static_cast<std::size_t>(parent) + 1]) - 1];
  for (std::size_t t = first; t < last; ++t) {
    hash = mixed(hash + 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(sequence[t]));
    ids.push_back(sequence[t]);
    pass.positions.push_back(static_cast<std::int64_t>(t));
    pass.prefixes.push_back(hash);
  }
  pass.offsets.push_back(static_cast<std::int64_t>(ids.size()));
  pass.parents.push_back(parent);
}

}  // namespace

std::vector<AttentionSegment> Pass::attention_segments(std::size_t layer) const {
  std::vector<AttentionSegment> all(segments());
  for (std::size_t i = 0; i < all.size(); ++i) {
    AttentionSegment& s = all[i];
    s.first_row = offsets[i];
    s.rows = length(i);
    s.position = s.rows > 0 ? positions[static_cast<std::size_t>(offsets[i])] : 0;
    s.parent = parents[i];
    if (!caches.empty()) {
      s.cached_keys = caches[i]->keys(layer);
      s.cached_values = caches[i]->values(layer);
      s.cache_capacity = caches[i]->capacity();
    }
  }
  return all;
}

void Pass::set_dropout(std::uint64_t seed, std::uint64_t step) {
  dropout.emplace(DropoutKeys{seed, {}});
  for (const std::uint64_t prefix : prefixes)
    dropout->row_streams.push_back(mixed(prefix + step * 0x9e3779b97f4a7c15u));
}

Pass make_pass(std::span<const Sequence> sequences) {
  Pass pass;
  std::vector<std::int64_t> ids;
  for (const Sequence& sequence : sequences) append(pass, ids, sequence, 0, sequence.size(), -1);
  pass.ids = torch::tensor(ids, torch::kInt64);
  return pass;
}

void use_caches(Pass& pass, std::vector<KvCache*> caches) {
  for (std::size_t i = 0; i < caches.size(); ++i)
    for (std::int64_t row = pass.offsets[i]; row < pass.offsets[i + 1]; ++row)
      pass.positions[static_cast<std::size_t>(row)] += caches[i]->length();
  pass.caches = std::move(caches);
}

SharedPass make_shared_pass(std::span<const Sequence> sequences) {
  SharedPass shared;
  Pass& pass = shared.pass;
  std::vector<std::int64_t> ids;
  shared.rows.resize(sequences.size());
  // In lexicographic order neighbours share the longest beginnings; equal ones stay in order.
  std::vector<std::size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sequences[a] < sequences[b]; });

  // Sequences order[begin .. end) agree in their first `depth` tokens, which end in segment `parent`.
  const auto grow = [&](const auto& self, std::size_t begin, std::size_t end, std::size_t depth,
                        std::int32_t parent) -> void {
    for (std::size_t first = begin; first < end;) {
      const Sequence& low = sequences[order[first]];
      if (low.size() == depth) {  // ends here
        ++first;
        continue;
      }
      std::size_t last = first + 1;
      while (last < end && sequences[order[last]][depth] == low[depth]) ++last;
      // As far as the first and the last agree, so do those between.
      const Sequence& high = sequences[order[last - 1]];
      const std::size_t limit = std::min(low.size(), high.size());
      std::size_t shared_end = depth + 1;
      while (shared_end < limit && low[shared_end] == high[shared_end]) ++shared_end;
      append(pass, ids, low, depth, shared_end, parent);
      const auto segment = static_cast<std::int32_t>(pass.segments() - 1);
      for (std::size_t i = first; i < last; ++i)
        for (std::size_t t = depth; t < shared_end; ++t)
          shared.rows[order[i]].push_back(pass.offsets[static_cast<std::size_t>(segment)] +
                                          static_cast<std::int64_t>(t - depth));
      self(self, first, last, shared_end, segment);
      first = last;
    }
  };
  grow(grow, 0, order.size(), 0, -1);
  pass.ids = torch::tensor(ids, torch::kInt64);
  return shared;
}

std::int64_t shared_tokens(std::span<const Sequence> sequences) {
  std::vector<const Sequence*> sorted;
  for (const Sequence& sequence : sequences) sorted.push_back(&sequence);
  std::sort(sorted.begin(), sorted.end(), [](const Sequence* a, const Sequence* b) { return *a < *b; });
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto common =
        i == 0
            ? sorted[i]->begin()
            : std::mismatch(sorted[i]->begin(), sorted[i]->end(), sorted[i - 1]->begin(), sorted[i - 1]->end()).first;
    rows += sorted[i]->end() - common;
  }
  return rows;
}

void for_each_segment(const Pass& pass, const std::function<void(std::size_t)>& body) {
  parallel_for(pass.segments(), [&](std::size_t i) {
    const at::NoGradGuard no_grad;
    body(i);
  });
}

}  // namespace aacft
