// Parts text into words, as the pre-tokenizer says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "aacft/base/utf8.h"
#include "aacft/tokenizer/bpe_vocabulary.h"
#include "aacft/unicode/characters.h"
#include "normal_text.h"

namespace aacft {

// Some text, and where it comes from: its first `added` bytes stand for `first` bytes at `begin`, the others for those
// from `begin` on.
struct Piece {
  std::string_view text;
  std::size_t begin = 0, added = 0, first = 0;

  std::size_t original_begin(std::size_t pos) const { return begin + std::max(pos, added) - added; }
  std::size_t original_end(std::size_t pos) const { return begin + (pos > added ? pos - added : first); }
  Piece part(std::size_t pos, std::size_t length) const {
    if (pos >= added) return {text.substr(pos, length), original_begin(pos)};
    return {text.substr(pos, length), begin, std::min(added - pos, length), first};
  }
};

class WordSplitter {
 public:
  using Steps = std::span<const PreTokenizerStep>;
  explicit WordSplitter(Steps steps) : steps_(steps) {}

  // Calls word(Piece) for each; `whole` is not empty, nor is any word.
  template <typename Word>
  void split(const Piece& whole, const Word& word) {
    split(steps_, whole, word);
  }

 private:
  template <typename Word>
  void split(Steps steps, Piece piece, const Word& word) {
    using Kind = PreTokenizerStep::Kind;
    if (steps.empty()) return word(piece);
    const PreTokenizerStep& step = steps.front();
    steps = steps.subspan(1);
    if (step.kind == Kind::kBytes && step.prefix != PreTokenizerStep::Prefix::kNever && piece.text[0] != ' ') {
      const std::size_t first = code_point_length(piece.text);
      piece = {prefixed_.assign(1, ' ').append(piece.text), piece.begin, 1, first};
    }
    if (step.kind == Kind::kBytes && !step.split) return split(steps, piece, word);
    for (std::size_t pos = 0; pos < piece.text.size();) {
      const std::string_view rest = piece.text.substr(pos);
      const std::size_t length =
          step.kind == Kind::kDigits ? digits_length(step.individual, rest) : word_length(step.pattern, rest);
      split(steps, piece.part(pos, length), word);
      pos += length;
    }
  }

  // Of the text up to the next digit, or of the digits that it begins with, one or all.
  static std::size_t digits_length(bool individual, std::string_view text) {
    std::size_t end = 0;
    const bool digit = is_numeric(next_code_point(text, end));
    if (digit && individual) return end;
    for (std::size_t next = end; next < text.size(); end = next) {
      if (is_numeric(next_code_point(text, next)) != digit) break;
    }
    return end;
  }

  const Steps steps_;
  std::string prefixed_;  // only the last step adds a prefix
};

// Calls part(begin, end) for the parts of a text that begin where U+2581 does: everywhere, or not after another one.
template <typename Part>
void split_at_metaspace(std::string_view text, bool everywhere, const Part& part) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t from = begin;
    if (everywhere) {
      if (text.substr(from).starts_with(kMetaspace)) from += kMetaspace.size();
    } else {
      while (text.substr(from).starts_with(kMetaspace)) from += kMetaspace.size();
    }
    const std::size_t end = std::min(text.find(kMetaspace, from), text.size());
    part(begin, end);
    begin = end;
  }
}

}  // namespace aacft
