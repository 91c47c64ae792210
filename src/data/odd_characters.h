// Characters that seldom belong into a sentence.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

enum class OddKind { kControl, kInvisible, kNoBreak, kMojibake, kEscaped };

struct OddCharacter {
  OddKind kind = OddKind::kControl;
  std::size_t byte = 0;     // where it begins in the text
  std::string code_points;  // "U+00C2 U+00A0"
  std::string message;      // what it is, or probably was
};

// In the order of the text, which is valid UTF-8. Newlines are fine; joiners are where scripts or emoji need them.
std::vector<OddCharacter> odd_characters(std::string_view text);

}  // namespace aacft
