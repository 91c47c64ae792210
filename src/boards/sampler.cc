#include "aacft/boards/sampler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "aacft/base/error.h"

namespace aacft {
namespace {

bool is_mark(const Icon& icon) { return icon.type == IconType::kDot || icon.type == IconType::kQuestion; }

std::size_t index(Draws& draws, std::size_t size) {
  return static_cast<std::size_t>(draws.next_int(static_cast<std::int32_t>(size)));
}

}  // namespace

IconSampler::IconSampler(Board board, const IconSamplerOptions& options)
    : board_(std::move(board)), limit_(std::exp(-options.mean_length)) {
  if (!(options.mean_length >= 0.01 && options.mean_length <= 100))
    throw UsageError("the mean length must lie between 0.01 and 100");
  for (const BoardPage& page : board_.pages)
    for (const Slot& slot : page.slots) slots_.push_back(&slot);
  const bool can_start = std::any_of(slots_.begin(), slots_.end(), [](const Slot* slot) {
    return !std::all_of(slot->icons.begin(), slot->icons.end(), is_mark);
  });
  if (!can_start || board_.pages[0].slots.empty())
    throw Error("the board \"", board_.name, "\" has no word to start a sentence with");
}

std::vector<Icon> IconSampler::sample(Draws& draws) const {
  const std::int64_t length = draw_length(draws);
  std::vector<Icon> icons;
  bool has_verb = false, has_subject = false;
  while (static_cast<std::int64_t>(icons.size()) < length) {
    const Slot& slot = draw_slot(draws, !has_verb && !icons.empty());
    const Icon& icon = slot.category ? slot.icons[index(draws, slot.icons.size())] : slot.icons[0];
    if (is_mark(icon) && icons.size() < 2) continue;
    icons.push_back(slot.clitic && has_subject ? *slot.clitic : icon);
    has_verb |= icon.type == IconType::kVerb;
    has_subject |= icon.type == IconType::kNoun && slot.subject;
  }
  return icons;
}

std::int64_t IconSampler::draw_length(Draws& draws) const {
  for (;;) {
    std::int64_t length = -1;
    double product = 1;
    do {
      ++length;
      product *= draws.next_double();
    } while (product > limit_);
    if (length > 0) return length;
  }
}

const Slot& IconSampler::draw_slot(Draws& draws, bool verb_wanted) const {
  const std::size_t on_first = board_.pages[0].slots.size();
  std::size_t chosen = index(draws, slots_.size());
  if (chosen >= on_first && draws.next_double() > 0.5) chosen = index(draws, on_first);
  if (verb_wanted && !board_.verbs.empty() && draws.next_double() > 0.5)
    chosen = board_.verbs[index(draws, board_.verbs.size())];
  return *slots_[chosen];
}

}  // namespace aacft
