#include "aacft/base/text.h"

#include <algorithm>
#include <cstdio>

#include "aacft/base/utf8.h"

namespace aacft {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::max<std::size_t>(name.size() / 3, 1) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < least) best = candidate, least = distance;
  }
  return best;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string one_line(std::string_view text) {
  std::string line(trimmed(text));
  for (std::size_t at; (at = line.find_first_of("\r\n")) != line.npos;) {
    const std::size_t begin = line.find_last_not_of(kBlanks, at) + 1;
    line.replace(begin, line.find_first_not_of(kBlanks, at) - begin, " ");
  }
  return line;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) text.append(&part == parts.data() ? "" : separator).append(part);
  return text;
}

std::string listed(const std::vector<std::string>& names, std::size_t most) {
  if (names.size() <= most) return joined(names, ", ");
  const std::vector<std::string> first(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(most));
  return joined(first, ", ") + " and " + std::to_string(names.size() - most) + " more";
}

std::string human_bytes(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 999.5 && unit < 4) value /= 1000, ++unit;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.3g %s", value, kUnits[unit]);
  return text;
}

std::string human_seconds(double seconds) {
  const auto whole = static_cast<long long>(std::max(seconds, 0.0) + 0.5);
  char text[48];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%lld h %02lld min", whole / 3600, whole % 3600 / 60);
  } else if (whole >= 60) {
    std::snprintf(text, sizeof text, "%lld min %02lld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld s", whole);
  }
  return text;
}

std::string presentable(std::string_view text) {
  constexpr std::size_t kMost = 4000;
  std::string all(text);
  if (all.size() > kMost) all.replace(kMost / 2, all.size() - kMost, " ... ");
  std::string shown;
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t length = code_point_length(rest);
    const bool control = length == 1 && is_control(rest[0]);
    const bool control_of_latin_1 = length == 2 && rest[0] == '\xC2' && static_cast<unsigned char>(rest[1]) < 0xA0;
    shown.append(length == 0 || control || control_of_latin_1 ? "?" : rest.substr(0, length));
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return shown;
}

std::string in_quotes(std::string_view text, char mark) {
  constexpr std::size_t kMost = 100;
  const std::string_view shown =
      text.size() > kMost ? text.substr(0, complete_utf8_prefix(text.substr(0, kMost))) : text;
  return mark + presentable(shown) + (shown.size() < text.size() ? "..." : "") + mark;
}

std::string for_shell(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == text.npos) return text;
  if (std::any_of(text.begin(), text.end(), is_control)) {  // as bash spells them
    std::string escaped = "$'";
    for (const char c : text) {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      escaped += is_control(c) ? code : c == '\'' || c == '\\' ? "\\" + std::string(1, c) : std::string(1, c);
    }
    return escaped + "'";
  }
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace aacft
