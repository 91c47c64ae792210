// The added tokens that are looked for together, before the text is parted into words.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aacft {

class AddedTokens {
 public:
  struct Part {
    std::size_t begin, end;
    std::int32_t id;  // -1: text between added tokens
  };

  // With strip_left or strip_right the token takes the white space on that side along. False if `text`, which is not
  // empty, is there already.
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

}  // namespace aacft
