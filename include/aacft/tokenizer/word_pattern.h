// How the tokenizers in the world part a text into words, before BPE: by one of a few regular expressions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aacft {

// By the family that brought it:
//   kGpt2    's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//   kLlama3  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
//   ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ kQwen2   kLlama3 with \p{N} in place of \p{N}{1,3}
// Each matches at every character, so that its matches part all of a text.
enum class WordPattern : std::uint8_t { kGpt2, kLlama3, kQwen2 };

std::string_view regular_expression(WordPattern pattern);
std::optional<WordPattern> word_pattern(std::string_view regular_expression);  // by its text, letter for letter

// Bytes of the first match, which starts at the first byte, whatever that is. `text` is valid UTF-8 and not empty.
std::size_t word_length(WordPattern pattern, std::string_view text);

}  // namespace aacft
