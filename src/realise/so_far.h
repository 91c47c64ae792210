// What the words since the last cut have said, while a prompt is read word by word.
#pragma once

#include <cstddef>
#include <vector>

#include "realise/words.h"

namespace aacft {

struct Said {
  std::size_t start = 0;       // of these words
  const Word* verb = nullptr;  // the first
  bool says = false;           // an action or a state: they might be whole
  bool is = false;             // they began with a pronoun that may be something: "he my friend"
  bool subject = false;        // somebody or something was named
  bool somebody = false;       // who is alive, and may act
  bool only_names = false;     // "no tea", and nothing else
  bool open = false;           // a conjunction or "where" waits for more
  bool asks = false, joined = false, negated = false;
};

class SoFar : public Said {
 public:
  // Of words that outlive it. A condition follows "if": "no rain" alone is one.
  SoFar(const std::vector<Word>& words, bool condition) : words_(words), condition_(condition) {}

  void restart(std::size_t at) {
    static_cast<Said&>(*this) = Said();
    start = at;
  }
  void note(std::size_t at);  // each word in turn, so that looking back costs nothing

  // Is what was said before `at` whole, where `next` is the predicate of what would come? `object`: the word at `at`
  // may be an object of what was said; `alive`: it is somebody.
  bool finished(std::size_t at, const Word* next, bool object, bool alive = false) const;

  // The verb or state of a subject that ends before `at`; nullptr: none. `negated`: behind a negation.
  const Word* predicate(std::size_t at, bool& negated) const;

  bool points(std::size_t at) const;  // "that boy"; not "that mum"

 private:
  bool tells(std::size_t at) const;
  bool attributive(std::size_t at) const;
  bool does_the_same(const Word& next) const;
  bool lacks_verb(std::size_t at, const Word* next) const;
  bool asks_of_thing(std::size_t at, const Word* next) const;
  bool asks_for(std::size_t at, const Word* next) const;

  const std::vector<Word>& words_;
  const bool condition_;
};

}  // namespace aacft
