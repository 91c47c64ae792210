// Where a clause begins among the words of a prompt that is read word by word.
#pragma once

#include <cstddef>
#include <vector>

#include "realise/so_far.h"
#include "realise/words.h"

namespace aacft {

// What the words at `at` begin, after those that were said since the last cut.
class Boundaries {
 public:
  // Of words and what they have said, which outlive it.
  Boundaries(const std::vector<Word>& words, const SoFar& so_far) : words_(words), so_far_(so_far) {}

  // A clause with a subject of its own, where something is negated near, and where nothing is.
  bool begins_clause(std::size_t at) const;
  bool begins_clause_unasked(std::size_t at) const;

  // A second verb: with a negation of its own, the first one said again, one that is not negated as the first is, or
  // one that is no part of the state before it: "I tired want go bed".
  bool negates_second_verb(std::size_t at) const;
  bool takes_up_verb(std::size_t at) const;
  bool leaves_negation(std::size_t at) const;
  bool leaves_state(std::size_t at) const;

  bool ends_fragment(std::size_t at) const;
  // What the first verb names does the next: "I have dog no bark".
  bool doer_named(const Word& next) const;

 private:
  bool can_be(const Word& noun, const Word& said, bool negated, std::size_t at) const;
  bool hurts_next(std::size_t at) const;
  bool says_the_same(std::size_t at) const;
  bool acts_alone(std::size_t at) const;
  bool only_states(std::size_t at) const;

  const std::vector<Word>& words_;
  const SoFar& so_far_;
};

bool is_hurt(const Word& verb);  // done by a part of the body: hurt, itch

}  // namespace aacft
