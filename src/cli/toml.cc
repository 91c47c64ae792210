#include "cli/toml.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"

namespace aacft::cli {
namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_number(std::string text) {
  std::erase(text, '_');
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

std::string utf8(unsigned long code) {
  std::string text;
  if (code < 0x80) return {static_cast<char>(code)};
  const int extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xC0, 0xE0, 0xF0};
  text += static_cast<char>(kLead[extra] | (code >> (6 * extra)));
  for (int i = extra - 1; i >= 0; --i) text += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
  return text;
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, std::string_view text) : file_(file), text_(text) {}

  std::vector<TomlEntry> run() {
    std::string section;
    for (skip_blank(true); at_ < text_.size(); skip_blank(true)) {
      if (take('[')) {
        skip_blank(false);
        section = key();
        skip_blank(false);
        if (!take(']')) fail("a section is written [name]");
      } else {
        TomlEntry entry;
        entry.section = section;
        entry.line = line_;
        entry.key = key();
        skip_blank(false);
        if (!take('=')) fail("\"", entry.key, "\" must be followed by = and a value");
        skip_blank(false);
        value(entry);
        if (const auto [known, fresh] = lines_.emplace(std::pair(section, entry.key), entry.line); !fresh)
          fail("\"", entry.key, "\" stands on line ", known->second, " already");
        entries_.push_back(std::move(entry));
      }
      skip_blank(false);
      if (at_ < text_.size() && text_[at_] != '\n') fail("unexpected text behind the value: ", rest_of_line());
    }
    return std::move(entries_);
  }

 private:
  const std::filesystem::path& file_;
  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
  std::vector<TomlEntry> entries_;
  std::map<std::pair<std::string, std::string>, std::size_t> lines_;  // of sections and keys

  template <typename... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw UsageError(file_.string(), ":", line_, ": ", parts...);
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string rest_of_line() const { return std::string(text_.substr(at_, text_.find('\n', at_) - at_)); }

  // White space and comments, with the ends of lines or up to them.
  void skip_blank(bool lines) {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '#') at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ == text_.size()) return;
      if (text_[at_] == '\n' && lines) {
        ++line_;
      } else if (text_[at_] != ' ' && text_[at_] != '\t' && text_[at_] != '\r') {
        return;
      }
    }
  }

  std::string key() {
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) return string();
    std::string name;
    while (at_ < text_.size() && is_bare(text_[at_])) name += text_[at_++];
    if (name.empty()) fail("a line must be key = value, not: ", rest_of_line());
    return name;
  }

  void value(TomlEntry& entry) {
    if (!take('[')) {
      entry.type = scalar(entry.values.emplace_back());
      return;
    }
    entry.type = TomlType::kArray;
    for (skip_blank(true); !take(']'); skip_blank(true)) {
      if (at_ >= text_.size()) fail("the array that begins here has no end: ] is missing");
      scalar(entry.values.emplace_back());
      skip_blank(true);
      if (!take(',') && (at_ >= text_.size() || text_[at_] != ']')) fail("a comma or ] is missing in an array");
    }
  }

  TomlType scalar(std::string& into) {
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
      into = string();
      return TomlType::kString;
    }
    const std::size_t end = std::min(text_.find_first_of(" \t\r\n,]#", at_), text_.size());
    into = text_.substr(at_, end - at_);
    if (into.empty()) fail("a value is missing");
    if (into != "true" && into != "false" && !is_number(into)) fail("text stands in quotes: \"", into, "\"");
    at_ = end;
    if (into == "true" || into == "false") return TomlType::kBool;
    std::erase(into, '_');
    return TomlType::kNumber;
  }

  std::string string() {
    const char quote = text_[at_++];
    std::string result;
    for (;;) {
      if (at_ >= text_.size() || text_[at_] == '\n') fail("the text has no closing ", quote);
      const char c = text_[at_++];
      if (c == quote) return result;
      result += c == '\\' && quote == '"' ? escape() : std::string(1, c);
    }
  }

  std::string escape() {
    constexpr std::string_view kNames = "btnfre\"\\", kMeanings = "\b\t\n\f\r\x1B\"\\";
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    if (const std::size_t known = kNames.find(c); known != kNames.npos) return {kMeanings[known]};
    if (c == 'u' || c == 'U') {
      const std::string digits(text_.substr(at_, c == 'u' ? 4 : 8));
      at_ += digits.size();
      char* end = nullptr;
      const unsigned long code = std::strtoul(digits.c_str(), &end, 16);
      if (digits.size() == (c == 'u' ? 4u : 8u) && *end == '\0' && code <= 0x10FFFF) return utf8(code);
    }
    fail("\\", c, " is not an escape; a backslash itself is \\\\, or stands in '...'");
  }
};

}  // namespace

std::vector<TomlEntry> read_toml(const std::filesystem::path& file) {
  const std::string text = read_text(file);
  if (!valid_utf8(text)) throw UsageError(file.string(), ": not a text file in UTF-8");
  return Reader(file, text).run();
}

std::string toml_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (is_control(c)) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04X", static_cast<unsigned>(c));
      quoted += escaped;
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace aacft::cli
