#include "aacft/tokenizer/detokenizer.h"

#include <algorithm>

namespace aacft {
namespace {

// Without the last code point where it is not complete: up to three bytes, each of which may decode to U+FFFD for now.
std::size_t certain_length(const std::string& text) {
  std::size_t length = text.size();
  for (int bytes = 0; bytes < 3 && length >= 3 && text.compare(length - 3, 3, "\xEF\xBF\xBD") == 0; ++bytes)
    length -= 3;
  return length;
}

}  // namespace

std::string Detokenizer::add(std::int32_t id) {
  window_.push_back(id);
  if (tokenizer_.keeps_open(id)) return "";
  const std::string text = tokenizer_.decode(window_, true);
  const std::size_t certain = certain_length(text);
  const std::string piece = certain > given_ ? text.substr(given_, certain - given_) : "";
  given_ = std::max(given_, certain);
  if (certain < text.size() || text.empty()) return piece;
  // Nothing is held back, so what comes next needs only some text before it.
  if (first_ == 0) {
    const std::string alone = tokenizer_.decode({&id, 1}, true);
    if (!alone.empty() && certain_length(alone) == alone.size()) window_ = {id}, given_ = alone.size();
    first_ = window_.size(), first_text_ = given_;
  } else {
    window_.resize(first_), given_ = first_text_;
  }
  return piece;
}

std::string Detokenizer::finish() const { return tokenizer_.decode(window_, true).substr(given_); }

}  // namespace aacft
