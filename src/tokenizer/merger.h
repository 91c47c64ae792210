// From words to tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/tokenizer/bpe_vocabulary.h"
#include "bpe_tables.h"

namespace aacft {

// A token inside a word.
struct WordToken {
  std::int32_t id;
  std::uint32_t begin, end;
};

// The tokens of the words that were met, until there are very many.
class WordCache {
 public:
  // Null: not known. Valid until the next insertion.
  const std::span<const WordToken>* find(std::string_view word, std::size_t hash);
  std::span<const WordToken> insert(std::string_view word, std::size_t hash, std::span<const WordToken> tokens);

 private:
  struct Slot {
    std::size_t hash = 0;
    std::uint32_t word = 0, size = 0;  // in words_; a size of 0: the slot is free
    std::uint32_t first = 0, count = 0;
  };
  std::size_t slot_of(std::string_view word, std::size_t hash) const;
  void make_room();

  std::vector<Slot> slots_ = std::vector<Slot>(64);
  std::size_t used_ = 0;
  std::string words_;
  std::vector<WordToken> tokens_;
  std::span<const WordToken> found_;
};

// Merges the bytes or characters of words. Holds what one call needs again and again.
class Merger {
 public:
  Merger(const BpeVocabulary& vocabulary, const BpeTables& tables)
      : vocabulary_(vocabulary), tables_(tables), byte_level_(vocabulary.byte_level()) {}

  // Of a word that is not empty, or of characters, of a part of one, which is merged even if it is a token. Valid until
  // the next call.
  std::span<const WordToken> tokens(std::string_view word);

 private:
  static constexpr std::uint32_t kEnd = ~0u;
  struct Symbol {
    WordToken token;
    std::uint32_t previous, next;  // kEnd at the ends
    bool alive = true;
  };
  // A merge of the symbol at `position` with the one after it, if both are still what they were: then, and only then,
  // they still span the same bytes.
  struct Candidate {
    std::uint32_t rank, position, end;
    std::int32_t id;
    bool operator<(const Candidate& other) const {  // the best is the largest, as heaps want it
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  void start_with_bytes(std::string_view word);
  void start_with_characters(std::string_view word);
  void add_symbol(std::int32_t id, std::size_t begin, std::size_t end);
  void propose(std::uint32_t position);
  void merge(std::string_view word);

  const BpeVocabulary& vocabulary_;
  const BpeTables& tables_;
  const bool byte_level_;
  WordCache cache_;
  std::vector<WordToken> merged_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

}  // namespace aacft
