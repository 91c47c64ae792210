// A BPE vocabulary in the form that encoding wants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aacft/tokenizer/bpe_vocabulary.h"
#include "added_tokens.h"

namespace aacft {

// Which two neighbours become one. Open addressing: encoding looks up a pair for every byte of a new word.
class MergeTable {
 public:
  struct Merge {
    std::uint64_t pair = kNone;
    std::uint32_t rank = 0;
    std::int32_t result = 0;
  };
  explicit MergeTable(const std::vector<BpeVocabulary::Merge>& merges);

  const Merge* find(std::int32_t left, std::int32_t right) const {  // null: they stay two
    const std::uint64_t pair = key(left, right);
    for (std::size_t slot = start(pair);; ++slot) {
      const Merge& merge = slots_[slot & mask_];
      if (merge.pair == pair) return &merge;
      if (merge.pair == kNone) return nullptr;
    }
  }

 private:
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  static std::uint64_t key(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t start(std::uint64_t pair) const { return static_cast<std::size_t>((pair * 0x9E3779B97F4A7C15u) >> 32); }

  std::vector<Merge> slots_;
  std::size_t mask_;
};

class BpeTables {
 public:
  // Holds views of the vocabulary.
  explicit BpeTables(const BpeVocabulary& vocabulary);

  std::unordered_map<std::string_view, std::int32_t> ids;  // of all tokens, added ones, too
  std::vector<std::string> bytes;                          // that a token spells; for byte-level vocabularies
  MergeTable merges;
  std::unordered_map<std::string_view, std::int32_t> whole_words;  // by their bytes; these are not merged
  AddedTokens raw_added, normalized_added;

  // What words begin as. -1: no token.
  std::array<std::int32_t, 256> byte_ids;  // of a byte, for byte-level vocabularies and as a fallback
  std::int32_t character_id(char32_t c) const {
    if (c < ascii_ids_.size()) return ascii_ids_[c];
    const auto found = character_ids_.find(c);
    return found == character_ids_.end() ? -1 : found->second;
  }

  // No merge joins U+2581 to another character before it: so texts may be cut there without a change.
  bool cut_at_metaspace = false;

 private:
  void read_byte_level(const BpeVocabulary& vocabulary);
  void read_characters(const BpeVocabulary& vocabulary);

  std::array<std::int32_t, 128> ascii_ids_;
  std::unordered_map<char32_t, std::int32_t> character_ids_;
};

}  // namespace aacft
