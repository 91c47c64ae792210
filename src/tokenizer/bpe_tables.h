// What a tokenizer.json holds, in the form that encoding wants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "aacft/tokenizer/byte_bpe.h"
#include "aacft/tokenizer/word_pattern.h"

namespace aacft {

// Strings to ids, looked up by view.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using IdMap = std::unordered_map<std::string, std::int32_t, StringHash, std::equal_to<>>;

// The added tokens that are looked for together, before the text is split into words.
class AddedTokens {
 public:
  struct Part {
    std::size_t begin, end;
    std::int32_t id;  // -1: text between added tokens
  };

  // With strip_left or strip_right the token takes the white space on that side along. False if `text` is
  // there already.
  bool add(std::string_view text, std::int32_t id, bool strip_left, bool strip_right);

  // Cuts at the leftmost tokens, at the longest where several start at the same place. No part is empty.
  std::vector<Part> split(std::string_view text) const;

 private:
  struct Ending {
    std::int32_t id;
    bool strip_left, strip_right;
  };
  std::optional<std::uint32_t> step(std::uint32_t node, char byte) const;

  // A trie: node 0 is the root, the edge (node, byte) is found under node << 8 | byte.
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;
  std::vector<std::optional<Ending>> endings_{std::nullopt};
  std::array<bool, 256> starts_{};
};

struct BpeTables {
  struct Entry {
    std::string piece, bytes;
    ByteBpe::Kind kind = ByteBpe::Kind::kUnused;
  };
  struct Merge {
    std::uint32_t rank;
    std::int32_t id;
  };

  static std::uint64_t pair(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }

  const Entry& entry(std::int32_t id) const;  // an empty one for ids without a token

  std::vector<Entry> entries;
  IdMap ids;
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;
  std::unordered_map<std::uint64_t, Merge> merge_of;  // by pair()
  std::array<std::int32_t, 256> byte_ids{};           // -1: no token, the byte is dropped
  IdMap whole_words;                                  // by their bytes; these are not merged (ignore_merges)
  AddedTokens raw_added, normalized_added;
  bool nfc = false;

  // How text between added tokens is parted into words: step after step, each parting what the one before left.
  struct WordStep {
    enum class Kind : std::uint8_t { kPattern, kDigits, kDigitRuns, kPrefixSpace } kind;
    WordPattern pattern = WordPattern::kGpt2;
  };
  std::vector<WordStep> word_steps;
};

BpeTables read_tokenizer_json(const std::filesystem::path& file);

}  // namespace aacft
