#include "office/number_format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace aacft {
namespace {

// 0.1 may be stored as 0.10000000000000001.
std::string plain_number(const std::string& stored) {
  char* end = nullptr;
  const double value = std::strtod(stored.c_str(), &end);
  if (stored.size() < 15 || *end != '\0') return stored;
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

// A format's code for numbers that are not negative: letters and signs that stand for something, and the text around.
struct Code {
  std::string pattern, before, after;
  bool elapsed = false;  // [h]: hours past 24
  bool mixed = false;    // text between the digits, as in telephone numbers

  explicit Code(std::string_view code) {
    for (std::size_t i = 0; i < code.size() && code[i] != ';'; ++i) {
      const char c = code[i];
      if (c == '"') {
        const std::size_t end = std::min(code.find('"', i + 1), code.size());
        text().append(code.substr(i + 1, end - i - 1));
        i = end;
      } else if (c == '[') {
        const std::size_t end = std::min(code.find(']', i), code.size());
        in_brackets(code.substr(i + 1, end - i - 1));
        i = end;
      } else if (c == '\\' || c == '_' || c == '*') {  // a character as it is, or as wide as it is, or as often as fits
        if (++i < code.size() && c == '\\') text() += code[i];
      } else if (std::string_view("$-+ ()").find(c) != std::string_view::npos ||
                 static_cast<unsigned char>(c) >= 0x80) {
        text() += c;
      } else {
        mixed |= !after.empty();
        pattern += c;
      }
    }
  }

 private:
  std::string& text() { return pattern.empty() ? before : after; }

  // A currency ([$€-407]), elapsed time, a colour or a condition.
  void in_brackets(std::string_view inside) {
    if (inside.starts_with('$')) text().append(inside.substr(1, inside.find('-') - 1));
    elapsed |= inside.find_first_not_of("hmsHMS") == inside.npos;
  }
};

bool has_any(std::string_view text, std::string_view of) { return text.find_first_of(of) != text.npos; }

// Days are counted so that 1 March 1900 is 61: programs believe that there was a 29 February 1900.
std::string date_text(long long day, bool from_1904) {
  // Days since 1970-01-01, and from there by 400-year cycles that start in March.
  long long days = day - (from_1904 ? 24107 : day < 60 ? 25568 : 25569) + 719468;
  const long long cycle = (days >= 0 ? days : days - 146096) / 146097;
  const long long of_cycle = days - cycle * 146097;
  const long long year_of_cycle = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
  const long long of_year = of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
  const long long month_from_march = (5 * of_year + 2) / 153;
  const long long month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  char text[80];
  std::snprintf(text, sizeof text, "%04lld-%02lld-%02lld", year_of_cycle + cycle * 400 + (month <= 2), month,
                of_year - (153 * month_from_march + 2) / 5 + 1);
  return text;
}

std::string date_and_time(double value, const std::string& pattern, bool from_1904) {
  const bool date = has_any(pattern, "yYdD") || !has_any(pattern, "hHsS");
  const bool time = has_any(pattern, "hHsS");
  const bool seconds = has_any(pattern, "sS");
  const double unit = !time ? 1 : seconds ? 86400 : 1440;
  const auto units = static_cast<long long>(time ? std::llround(value * unit) : static_cast<long long>(value));
  std::string text = date ? date_text(units / static_cast<long long>(unit), from_1904) : "";
  if (!time) return text;
  const long long rest = units % static_cast<long long>(unit), minutes = seconds ? rest / 60 : rest;
  char clock[40];
  std::snprintf(clock, sizeof clock, seconds ? "%02lld:%02lld:%02lld" : "%02lld:%02lld", minutes / 60, minutes % 60,
                rest % 60);
  return text + (text.empty() ? "" : " ") + clock;
}

// "#,##0.00": digits after the point, and thousands apart.
std::string grouped(double value, std::string_view pattern) {
  const std::size_t point = std::min(pattern.find('.'), pattern.size());
  const auto decimals = static_cast<int>(std::min<std::size_t>(pattern.size() - point, 16));
  char digits[400];
  std::snprintf(digits, sizeof digits, "%.*f", std::max(decimals - 1, 0), std::abs(value));
  std::string text = digits;
  const std::string_view whole = pattern.substr(0, point);
  const auto least = static_cast<std::size_t>(std::count(whole.begin(), whole.end(), '0'));  // digits before the point
  if (const std::size_t have = std::min(text.find('.'), text.size()); have < least) text.insert(0, least - have, '0');
  if (whole.find(',') != whole.npos)
    for (std::size_t at = std::min(text.find('.'), text.size()); at > 3;) text.insert(at -= 3, ",");
  return text;
}

}  // namespace

std::string_view built_in_format(std::size_t id) {
  static constexpr std::pair<std::size_t, std::string_view> kFormats[] = {{1, "0"},
                                                                          {2, "0.00"},
                                                                          {3, "#,##0"},
                                                                          {4, "#,##0.00"},
                                                                          {9, "0%"},
                                                                          {10, "0.00%"},
                                                                          {18, "h:mm"},
                                                                          {19, "h:mm:ss"},
                                                                          {20, "h:mm"},
                                                                          {21, "h:mm:ss"},
                                                                          {22, "yyyy-mm-dd h:mm"},
                                                                          {37, "#,##0"},
                                                                          {38, "#,##0"},
                                                                          {39, "#,##0.00"},
                                                                          {40, "#,##0.00"},
                                                                          {45, "mm:ss"},
                                                                          {46, "[h]:mm:ss"}};
  for (const auto& [number, format] : kFormats)
    if (number == id) return format;
  const bool date = (id >= 14 && id <= 17) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58);
  return date ? "yyyy-mm-dd" : "";
}

std::string shown_number(const std::string& stored, std::string_view format, bool days_from_1904) {
  char* end = nullptr;
  const double value = std::strtod(stored.c_str(), &end);
  constexpr std::size_t kLongest = 255;  // of a format's code, as Excel has it
  const Code code(format.substr(0, kLongest));
  std::string pattern = code.pattern;
  if (stored.empty() || *end != '\0' || !(std::abs(value) < 1e15)) return plain_number(stored);
  const bool general = pattern.find("eneral") != std::string::npos;
  if (!general && !code.elapsed && value >= 0 && value < 2958466 && has_any(pattern, "yYdDhHsSmM") &&
      !has_any(pattern, "0#?E@"))
    return date_and_time(value, pattern, days_from_1904);
  const bool percent = pattern.ends_with('%');
  if (percent) pattern.pop_back();
  const std::size_t point = std::min(pattern.find('.'), pattern.size());
  const bool simple = pattern.find_first_not_of("0#,.") == std::string::npos && has_any(pattern, "0#") &&
                      !pattern.ends_with(',') && pattern.find_first_not_of(".0", point) == std::string::npos;
  if (!simple || code.mixed) return plain_number(stored);
  return (value < 0 ? "-" : "") + code.before + grouped(percent ? value * 100 : value, pattern) + (percent ? "%" : "") +
         code.after;
}

}  // namespace aacft
