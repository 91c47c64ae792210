#include "aacft/base/utf8.h"

#include <algorithm>
#include <cstdint>

namespace aacft {
namespace {

// Bytes that a code point has which starts with `lead`, 0 if none does.
std::size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

// What a text begins with: a code point, or the longest beginning of one (a byte at least).
struct Start {
  std::size_t bytes = 1;
  bool whole = false;
};
Start start_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = utf8_length(lead);
  // What may come second, lest there be overlong forms, surrogates, and what lies past U+10FFFF (Unicode, table 3-7).
  unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  std::size_t good = 1;
  for (; good < length && good < text.size(); ++good, low = 0x80, high = 0xBF) {
    const auto byte = static_cast<unsigned char>(text[good]);
    if (byte < low || byte > high) break;
  }
  return {good, good == length};
}

}  // namespace

std::size_t code_point_length(std::string_view text) {
  const Start start = start_of(text);
  return start.whole ? start.bytes : 0;
}

std::size_t complete_utf8_prefix(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    return utf8_length(byte) > back ? text.size() - back : text.size();
  }
  return text.size();
}

std::size_t first_invalid_utf8(std::string_view text) {
  for (std::size_t pos = 0, length; pos < text.size(); pos += length)
    if ((length = code_point_length(text.substr(pos))) == 0) return pos;
  return text.npos;
}

bool valid_utf8(std::string_view text) { return first_invalid_utf8(text) == text.npos; }

std::string lossy_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Start start = start_of(bytes);
    out += start.whole ? bytes.substr(0, start.bytes) : "\xEF\xBF\xBD";
    bytes.remove_prefix(start.bytes);
  }
  return out;
}

std::string without_byte_order_mark(std::string text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.erase(0, kMark.size());
  return text;
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

char32_t next_code_point(std::string_view text, std::size_t& pos) {
  const auto byte = [&] { return static_cast<unsigned char>(text[pos++]); };
  const char32_t lead = byte();
  if (lead < 0x80) return lead;
  char32_t c = lead < 0xE0 ? lead & 0x1F : lead < 0xF0 ? lead & 0x0F : lead & 0x07;
  for (int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3; more > 0; --more) c = c << 6 | (byte() & 0x3F);
  return c;
}

void append_utf8(std::string& text, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = 0xFFFD;
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

std::string utf8_of_utf16(std::string_view bytes, bool big_endian) {
  const auto unit = [&](std::size_t i) {
    const auto first = static_cast<unsigned char>(bytes[i]), second = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<char32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  std::string text;
  std::size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) {
    char32_t c = unit(i);
    if (c >= 0xD800 && c < 0xDC00 && i + 3 < bytes.size() && unit(i + 2) >= 0xDC00 && unit(i + 2) < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
      i += 2;
    }
    append_utf8(text, c);
  }
  if (i < bytes.size()) append_utf8(text, 0xFFFD);
  return text;
}

}  // namespace aacft
