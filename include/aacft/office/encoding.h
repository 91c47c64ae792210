// Texts in other encodings, and texts that were read in the wrong one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aacft {

// One byte a character. Windows-1252 is Excel's on Windows, Mac OS Roman on the Mac.
enum class CodePage { kWindows1252, kMacRoman };

// Nothing where a byte has no character: 81, 8D, 8F, 90 and 9D of Windows-1252.
std::optional<std::string> utf8_of(CodePage page, std::string_view bytes);

// Characters that hardly stand where they do, in a text that may have been read by the wrong code page: a capital after
// a small letter ("ItÕs"), a lone letter beyond ASCII, a sign that sentences do not use.
std::size_t misplaced_characters(std::string_view text);

// UTF-8 that was read as Windows-1252 ("cafÃ©") put right ("café"); the same text where it shows no sign of that. Only
// Latin letters, punctuation and emoji are looked for: others would be taken for it in "CAFÉ’s".
std::string without_mojibake(std::string_view text);

}  // namespace aacft
