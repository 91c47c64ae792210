// A text as the normalizer leaves it, and the way back to the bytes it came from.
#pragma once

#include <cstddef>
#include <list>
#include <span>
#include <string>
#include <string_view>

#include "aacft/tokenizer/bpe_vocabulary.h"
#include "aacft/unicode/alignment.h"

namespace aacft {

// U+2581, which stands for a space in the vocabularies of SentencePiece.
inline constexpr std::string_view kMetaspace = "\u2581";

class NormalText {
 public:
  // The steps are done one after the other. Keeps a view of the original.
  NormalText(std::string_view original, std::span<const NormalizerStep> steps);

  std::string_view text() const { return stages_.empty() ? original_ : std::string_view(stages_.back().text); }

  void replace(std::string_view from, std::string_view to);  // `from` is not empty
  void prepend(std::string_view text);                       // unless there is no text

  // The original bytes behind [begin, end) of text(); see Alignment. A prepended text stands for the first character.
  // Quickest from left to right.
  std::size_t original_begin(std::size_t begin);
  std::size_t original_end(std::size_t end);

 private:
  struct Stage {
    std::string text;
    Alignment alignment;   // with the stage before
    std::size_t hint = 0;  // where the last question was
  };
  std::string_view original_;
  std::list<Stage> stages_;  // those that changed something
};

}  // namespace aacft
