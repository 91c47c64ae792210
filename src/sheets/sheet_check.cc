#include "sheets/sheet_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

constexpr std::string_view kLetters = "bcdfghjklmnpqrst";  // no vowels: no words

// FNV-1a, folded.
class Fingerprint {
 public:
  Fingerprint& add(std::string_view text) {
    for (const char c : text) step(static_cast<unsigned char>(c));
    step(0);
    return *this;
  }
  std::uint32_t value() const { return static_cast<std::uint32_t>(hash_ ^ hash_ >> 32); }

 private:
  void step(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001B3; }
  std::uint64_t hash_ = 0xCBF29CE484222325;
};

enum class Odd { kNone, kLineBreak, kTab, kNoBreak, kInvisible, kControl };
constexpr const char* kOddNames[] = {
    "", "a line break", "a tab", "a no-break space", "an invisible character", "a control character"};

Odd odd_kind(char32_t c) {
  if (c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029) return Odd::kLineBreak;
  if (c == '\t') return Odd::kTab;
  if (c == 0xA0 || c == 0x2007 || c == 0x202F) return Odd::kNoBreak;
  // Soft hyphen, zero width space, marks of direction; but not the joiners, which scripts and emoji need.
  if (c == 0xAD || c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || c == 0x2060 ||
      (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF)
    return Odd::kInvisible;
  return c < 0x20 || (c >= 0x7F && c < 0xA0) ? Odd::kControl : Odd::kNone;
}

// Emoji and what joins them.
bool is_emoji(char32_t c) {
  return c >= 0x1F000 || c == 0x200D || c == 0x20E3 || (c >= 0x2190 && c < 0x2200) || (c >= 0x2300 && c < 0x2500) ||
         (c >= 0x25AA && c < 0x27C0 && c != 0x25CA) || (c >= 0x2900 && c < 0x2C00) || (c >= 0xFE00 && c <= 0xFE0F);
}

struct Parted {
  std::string ascii_letters;
  std::u32string beyond;
};

Parted parted(std::string_view text) {
  Parted parts;
  const std::string solid = without_space(text);
  for (std::size_t at = 0; at < solid.size();) {
    const char32_t c = next_code_point(solid, at);
    if (c >= 0x80 && !is_emoji(c)) parts.beyond += c;
    if (c < 0x80 && char_class(c) == CharClass::kLetter) parts.ascii_letters += static_cast<char>(c);
  }
  return parts;
}

}  // namespace

bool is_misread(std::string_view shown, std::string_view known) {
  const Parted one = parted(shown), other = parted(known);
  if (one.beyond == other.beyond) return false;
  const bool foreign = one.beyond.find_first_not_of(other.beyond) != one.beyond.npos;
  return foreign || one.ascii_letters == other.ascii_letters;
}

std::uint32_t origin_of(const std::vector<SheetItem>& items) {
  Fingerprint all;
  for (const SheetItem& item : items) all.add(item.prompt).add(item.draft);
  return all.value();
}

std::uint32_t check_of_item(std::size_t number, std::string_view prompt) {
  return Fingerprint().add(std::to_string(number)).add(prompt).value();
}

std::uint32_t check_of_draft(std::string_view draft) { return Fingerprint().add(without_space(draft)).value(); }

std::string to_text(const CheckWord& word) {
  std::string text;
  for (const std::uint32_t part : {word.origin, word.item, word.draft}) {
    if (!text.empty()) text += '-';
    for (int shift = 28; shift >= 0; shift -= 4) text += kLetters[part >> shift & 15];
  }
  return text;
}

std::optional<CheckWord> check_word_of(std::string_view text) {
  if (text.size() != 26 || text[8] != '-' || text[17] != '-') return std::nullopt;
  std::uint32_t parts[3] = {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 9 == 8) continue;
    const std::size_t letter = kLetters.find(text[i]);
    if (letter == kLetters.npos) return std::nullopt;
    parts[i / 9] = parts[i / 9] << 4 | static_cast<std::uint32_t>(letter);
  }
  return CheckWord{parts[0], parts[1], parts[2]};
}

std::string cell_of_prompt(const std::string& prompt) {
  std::string cell = nlohmann::json(prompt).dump(-1, ' ', true);
  // XLSX spells characters "_x0041_".
  for (std::size_t at = 0; (at = cell.find("_x", at)) != cell.npos;) cell.replace(at, 1, "\\u005f");
  return cell;
}

std::optional<std::string> prompt_of_cell(const std::string& cell) {
  if (!cell.starts_with('"')) return cell;
  const auto value = nlohmann::json::parse(cell, nullptr, false);
  if (!value.is_string()) return std::nullopt;
  return value.get<std::string>();
}

std::string without_space(std::string_view text) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    if (char_class(c) != CharClass::kSpace && odd_kind(c) == Odd::kNone) kept += text.substr(begin, at - begin);
  }
  return kept;
}

std::string on_one_line(std::string_view text, std::string* changes) {
  text.remove_prefix(leading_space(text));
  text.remove_suffix(trailing_space(text));
  std::string line;
  bool found[std::size(kOddNames)] = {};
  bool replaced = false;  // line ends in a blank that stands for something else
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const Odd kind = odd_kind(next_code_point(text, at));
    found[static_cast<std::size_t>(kind)] = true;
    const bool blank = kind == Odd::kLineBreak || kind == Odd::kTab || kind == Odd::kNoBreak;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
    if (kind == Odd::kNone && !(replaced && text[begin] == ' ')) line += text.substr(begin, at - begin);
    replaced = blank || (replaced && (kind != Odd::kNone || text[begin] == ' '));
  }
  while (line.ends_with(' ')) line.pop_back();
  if (changes != nullptr)
    for (std::size_t i = 1; i < std::size(kOddNames); ++i)
      if (found[i]) *changes += (changes->empty() ? "" : ", ") + std::string(kOddNames[i]);
  return line;
}

}  // namespace aacft
