// Texts in other encodings, and texts that were read in the wrong one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aacft {

// nothing where a byte has no character: 81, 8D, 8F, 90 and 9D
std::optional<std::string> utf8_of_windows_1252(std::string_view bytes);

// UTF-8 that was read as Windows-1252 ("cafÃ©") put right ("café"); the same text where it shows no sign of that. Only
// Latin letters, punctuation and emoji are looked for: others would be taken for it in "CAFÉ’s".
std::string without_mojibake(std::string_view text);

}  // namespace aacft
