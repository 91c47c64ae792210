// How GPT-2 and its heirs part a text into words, before BPE.
#pragma once

#include <cstddef>
#include <string_view>

namespace aacft {

// Bytes of the first match of
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// which starts at the first byte, whatever that is. `text` is valid UTF-8 and not empty.
std::size_t word_length(std::string_view text);

}  // namespace aacft
