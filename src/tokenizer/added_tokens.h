// The added tokens that are looked for together, before the text is parted into words.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
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
  using Tokens = std::map<std::string, Ending, std::less<>>;  // in the order of their bytes

  // The longest token that the text begins with; the end where there is none.
  Tokens::const_iterator longest_at(std::string_view text) const;

  Tokens tokens_;
  std::array<bool, 256> starts_{};
};

}  // namespace aacft
