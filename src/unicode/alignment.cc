#include "aacft/unicode/alignment.h"

#include <algorithm>

namespace aacft {

void Alignment::begin_stretch(std::size_t pos, std::size_t original, bool same) {
  // What is not the same stays apart, so that each piece has its own bytes.
  if (same && !stretches_.empty() && stretches_.back().same) return;
  stretches_.push_back({pos, original, same});
}

// The last that begins there or before.
std::size_t Alignment::stretch_at(std::size_t pos, std::size_t hint) const {
  constexpr int kNear = 4;
  if (hint < stretches_.size() && stretches_[hint].pos <= pos) {
    for (int step = 0; step < kNear; ++step, ++hint) {
      if (hint + 1 == stretches_.size() || stretches_[hint + 1].pos > pos) return hint;
    }
  }
  const auto after = std::upper_bound(stretches_.begin(), stretches_.end(), pos,
                                      [](std::size_t value, const Stretch& stretch) { return value < stretch.pos; });
  return static_cast<std::size_t>(after - stretches_.begin()) - 1;
}

std::size_t Alignment::original_begin(std::size_t begin, std::size_t& hint) const {
  if (identity()) return begin;
  hint = stretch_at(begin, hint);
  const Stretch& stretch = stretches_[hint];
  return stretch.same ? stretch.original + (begin - stretch.pos) : stretch.original;
}

std::size_t Alignment::original_end(std::size_t end, std::size_t& hint) const {
  if (identity()) return end;
  hint = stretch_at(end, hint);
  const Stretch& stretch = stretches_[hint];
  if (stretch.same || stretch.pos == end) return stretch.original + (end - stretch.pos);
  return stretches_[hint + 1].original;
}

std::size_t Alignment::original_begin(std::size_t begin) const {
  std::size_t hint = stretches_.size();  // none
  return original_begin(begin, hint);
}

std::size_t Alignment::original_end(std::size_t end) const {
  std::size_t hint = stretches_.size();
  return original_end(end, hint);
}

}  // namespace aacft
