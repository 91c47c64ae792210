// All that makes a BPE tokenizer, as plain data, whatever file it came from or goes to. Its words are those of the
// tokenizers library, whose tokenizer.json describes the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aacft/tokenizer/word_pattern.h"

namespace aacft {

// Before everything else, but for the added tokens that are looked for in the raw text.
struct NormalizerStep {
  enum class Kind : std::uint8_t { kNfc, kNfkc, kPrepend, kReplace } kind;
  std::string from, to;  // kReplace: each `from` by `to`; kPrepend: `to`, before what is not empty

  bool operator==(const NormalizerStep&) const = default;
};

// How text between added tokens is parted into words: step after step, each parting what the one before left.
struct PreTokenizerStep {
  enum class Kind : std::uint8_t {
    kSplit,     // by `pattern`
    kDigits,    // runs of digits apart from the rest, or with `individual` each digit
    kBytes,     // "ByteLevel": a space before what has none (`prefix`), the words of kGpt2 (`split`); always the last
    kMetaspace  // spaces become U+2581, as does a prefix, and with `split` words begin at them; always the only one
  } kind;
  enum class Prefix : std::uint8_t { kNever, kFirst, kAlways };  // kFirst: at the text's beginning alone

  WordPattern pattern = WordPattern::kGpt2;
  bool individual = false;
  Prefix prefix = Prefix::kNever;
  bool split = true;

  bool operator==(const PreTokenizerStep&) const = default;
};

// From tokens back to text.
struct DecoderStep {
  enum class Kind : std::uint8_t {
    kBytes,         // "ByteLevel": the bytes that the tokens spell, as text; always the only one
    kReplace,       // in every token each `from` by `to`
    kByteFallback,  // <0x0A> and its neighbours of the same kind become the characters of these bytes
    kFuse,          // all tokens become one
    kStrip,         // up to `count` of the character `from` at the beginning of a token
    kMetaspace      // every U+2581 becomes a space; with `strip` those of the first token go
  } kind;
  std::string from, to;
  std::size_t count = 0;
  bool strip = false;

  bool operator==(const DecoderStep&) const = default;
};

struct BpeVocabulary {
  enum class Kind : std::uint8_t { kUnused, kNormal, kAdded, kSpecial };
  struct Token {
    std::string text;  // as the vocabulary spells it; "" where kind is kUnused
    Kind kind = Kind::kUnused;
    bool in_model = false;  // known to the merges, not only looked for as a whole

    bool operator==(const Token&) const = default;
  };
  // A token that is looked for before the text is parted into words.
  struct Added {
    std::int32_t id = 0;
    bool normalized = false;                       // in the normalised text, else in the raw one
    bool strip_left = false, strip_right = false;  // it takes white space on that side along

    bool operator==(const Added&) const = default;
  };
  struct Merge {
    std::int32_t left = 0, right = 0, result = 0;
    std::uint32_t rank = 0;  // never falls from one to the next; among equals the leftmost pair comes first

    bool operator==(const Merge&) const = default;
  };

  std::vector<Token> tokens;  // by id
  std::vector<Added> added;
  std::vector<Merge> merges;
  bool ignore_merges = false;           // words that are tokens stay whole
  bool byte_fallback = false;           // a character without a token becomes its bytes' tokens, <0x0A>
  bool fuse_unknown = false;            // neighbours without a token become one unknown token
  std::optional<std::int32_t> unknown;  // none: what has no token is dropped

  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> pre_tokenizer;
  std::vector<DecoderStep> decoder;
  std::vector<std::int32_t> beginning, ending;  // what goes around a text

  bool operator==(const BpeVocabulary&) const = default;

  // Whether words are merged from their bytes, each spelt as a character of its own; else from their characters.
  bool byte_level() const {
    return !pre_tokenizer.empty() && pre_tokenizer.back().kind == PreTokenizerStep::Kind::kBytes;
  }
};

}  // namespace aacft
