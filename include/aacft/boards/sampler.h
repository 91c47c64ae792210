// Sequences of icons as a person might tap them on a board: mostly from the first page, with a verb, with sentence
// marks late.
#pragma once

#include <cstdint>
#include <vector>

#include "aacft/boards/board.h"
#include "aacft/boards/icon.h"
#include "aacft/boards/java_random.h"

namespace aacft {

struct IconSamplerOptions {
  double mean_length =
      3;  // icons a sample, of the Poisson distribution; that of the samples is m / (1 - exp(-m)), none being empty
};

// The hierarchical sampler of the talk. A sample draws, in this order:
//
//   1. Its length, Poisson by Knuth's product: doubles are multiplied until the product is at most exp(-mean); the
//   length
//      is one less than their number. Length 0 is drawn again.
//   2. For each icon i from 0:
//      a. the slot: an int over all slots of the board, pages one after the other; if it is not on the first page, a
//         double u, and where u > 0.5 an int over the slots of the first page instead;
//      b. if i > 0 and the sample has no VERB yet (and the board names slots for verbs): a double u, and where u > 0.5
//      an
//         int over these slots, which replaces that of (a);
//      c. of a category: an int over its icons;
//      d. a DOT or QUESTION while i < 2 is dropped: icon i starts again at (a).
//   A pronoun yields its clitic form once a NOUN was chosen (of a slot whose nouns count as subjects); this draws
//   nothing.
//
// With JavaRandom and data/board.json these are the draws of the talk's program: one generator for all samples, ints by
// nextInt(bound), doubles by nextDouble().
class IconSampler {
 public:
  // Error where the board has no slot that could stand first, or the mean is out of [0.01, 100].
  explicit IconSampler(Board board, const IconSamplerOptions& options = {});
  IconSampler(const IconSampler&) = delete;

  std::vector<Icon> sample(Draws& draws) const;  // at least one icon

 private:
  const Slot& draw_slot(Draws& draws, bool verb_wanted) const;
  std::int64_t draw_length(Draws& draws) const;

  Board board_;
  std::vector<const Slot*> slots_;  // of all pages
  double limit_;                    // exp(-mean)
};

}  // namespace aacft
