// Unicode's normal form C.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

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
