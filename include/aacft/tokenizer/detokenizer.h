// Text from tokens that come one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

// Law: what add() gave for each token, and finish() at the end, join to decode(all of them, true). The time and memory
// of a token do not grow with the text before it.
class Detokenizer {
 public:
  // The tokenizer must outlive this.
  explicit Detokenizer(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // The text that is certain now and was not before: whole code points, perhaps none.
  std::string add(std::int32_t id);
  // What was held back: an incomplete code point.
  std::string finish() const;

 private:
  const Tokenizer& tokenizer_;
  // The first tokens that gave text, then those whose text is not certain yet. What tokens decode to depends on whether
  // there is text before them, but not on which.
  std::vector<std::int32_t> window_;
  std::size_t first_ = 0, first_text_ = 0;  // how many of them are the first, and the bytes of their text
  std::size_t given_ = 0;                   // bytes of the window's text
};

}  // namespace aacft
