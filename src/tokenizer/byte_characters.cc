#include "byte_characters.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "aacft/base/utf8.h"

namespace aacft {
namespace {

constexpr std::size_t kCharacters = 0x100 + 68;  // 68 bytes are not printable

// By character; -1: none.
std::array<std::int16_t, kCharacters> bytes_by_character() {
  std::array<std::int16_t, kCharacters> bytes;
  bytes.fill(-1);
  std::size_t next = 0x100;
  for (std::int16_t byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
    bytes[printable ? static_cast<std::size_t>(byte) : next++] = byte;
  }
  return bytes;
}

}  // namespace

std::optional<std::string> spelt_bytes(std::string_view piece) {
  static const auto byte_of = bytes_by_character();
  std::string bytes;
  for (std::size_t pos = 0; pos < piece.size();) {
    const char32_t c = next_code_point(piece, pos);
    if (c >= byte_of.size() || byte_of[c] < 0) return std::nullopt;
    bytes += static_cast<char>(byte_of[c]);
  }
  return bytes;
}

int fallback_byte(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return -1;
  std::uint8_t byte = 0;
  const char* end = piece.data() + 5;
  const auto [read, error] = std::from_chars(piece.data() + 3, end, byte, 16);
  return error == std::errc() && read == end ? byte : -1;
}

}  // namespace aacft
