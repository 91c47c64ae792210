// Byte-level vocabularies spell each byte as one printable character: itself where it is one, else U+0100 and on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aacft {

// The bytes that a piece spells; none where a character of it stands for no byte.
std::optional<std::string> spelt_bytes(std::string_view piece);

// The byte of "<0x0A>", as vocabularies with a byte fallback spell it; -1 for other pieces.
int fallback_byte(std::string_view piece);

}  // namespace aacft
