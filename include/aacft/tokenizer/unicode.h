// Unicode as tokenizer.json files need it: character classes, the GPT-2 word pattern and NFC. The tables are
// utf8proc's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

// Where the first byte stands that is not part of valid UTF-8; npos if there is none.
std::size_t first_invalid_utf8(std::string_view text);

// The bytes as text: every maximal invalid prefix becomes one U+FFFD.
std::string lossy_utf8(std::string_view bytes);

enum class CharClass : std::uint8_t { kLetter, kNumber, kSpace, kOther };  // \p{L}, \p{N}, \s and the rest

CharClass char_class(char32_t c);

// The code point that starts at `pos` of valid UTF-8; moves `pos` past it.
char32_t next_code_point(std::string_view text, std::size_t& pos);

// Bytes of the white space that valid UTF-8 begins or ends with.
std::size_t leading_space(std::string_view text);
std::size_t trailing_space(std::string_view text);

// Bytes of the first match of
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// which starts at the first byte, whatever that is. `text` is valid UTF-8 and not empty.
std::size_t word_length(std::string_view text);

// A text in NFC, and the way back to the bytes it came from. Keeps a view of the original.
class Nfc {
 public:
  // Without `compose` the text stays as it is.
  explicit Nfc(std::string_view original, bool compose = true);

  std::string_view text() const { return spans_.empty() ? original_ : std::string_view(composed_); }

  // The original bytes behind [begin, end) of text() are [original_begin(begin), original_end(end)). Where
  // composing changed something this is the whole stretch between two starters, else it is exact.
  std::size_t original_begin(std::size_t begin) const;
  std::size_t original_end(std::size_t end) const;

 private:
  // From here on, up to the next span, the bytes are those of the original, or are not.
  struct Span {
    std::size_t pos, original;
    bool same;
  };
  void align();
  const Span& span_at(std::size_t pos) const;

  std::string_view original_;
  std::string composed_;
  std::vector<Span> spans_;  // none if the original is in NFC
};

}  // namespace aacft
