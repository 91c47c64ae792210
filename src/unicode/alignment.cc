#include "aacft/unicode/alignment.h"

#include <algorithm>

namespace aacft {

void Alignment::begin_stretch(std::size_t pos, std::size_t original, bool same) {
  // What is not the same stays apart, so that each piece has its own bytes.
  if (same && !stretches_.empty() && stretches_.back().same) return;
  stretches_.push_back({pos, original, same});
}

const Alignment::Stretch& Alignment::stretch_at(std::size_t pos) const {
  return *(std::upper_bound(stretches_.begin(), stretches_.end(), pos,
                            [](std::size_t value, const Stretch& stretch) { return value < stretch.pos; }) -
           1);
}

std::size_t Alignment::original_begin(std::size_t begin) const {
  if (identity()) return begin;
  const Stretch& stretch = stretch_at(begin);
  return stretch.same ? stretch.original + (begin - stretch.pos) : stretch.original;
}

std::size_t Alignment::original_end(std::size_t end) const {
  if (identity()) return end;
  const Stretch& stretch = stretch_at(end);
  if (stretch.same || stretch.pos == end) return stretch.original + (end - stretch.pos);
  return (&stretch + 1)->original;
}

}  // namespace aacft
