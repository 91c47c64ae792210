// Unicode's normal forms C and KC, as of Unicode 9: see nfc.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aacft/unicode/alignment.h"

namespace aacft {

enum class NormalForm : std::uint8_t { kNone, kC, kKC };

// A text in a normal form, and the way back to the bytes it came from. Keeps a view of the original.
class Nfc {
 public:
  explicit Nfc(std::string_view original, NormalForm form = NormalForm::kC);

  std::string_view text() const { return alignment_.identity() ? original_ : std::string_view(composed_); }

  // The original bytes behind [begin, end) of text() are [original_begin(begin), original_end(end)). Where
  // composing changed something this is the whole stretch between two starters, else it is exact.
  std::size_t original_begin(std::size_t begin) const { return alignment_.original_begin(begin); }
  std::size_t original_end(std::size_t end) const { return alignment_.original_end(end); }
  const Alignment& alignment() const { return alignment_; }

 private:
  void align(std::size_t begin, std::string_view stretch, std::string_view composed, NormalForm form);

  std::string_view original_;
  std::string composed_;
  Alignment alignment_;  // the identity if the original is in the normal form
};

}  // namespace aacft
