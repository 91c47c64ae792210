#include "office/number_format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

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

// One section of a format's code: letters and signs that stand for something, and the text around.
struct Code {
  std::string pattern, before, after;
  std::string mask;     // both, in their order; text behind a zero byte each
  std::string elapsed;  // [h]: hours past 24
  bool mixed = false;   // text between the digits, as in telephone numbers

  explicit Code(std::string_view code) {
    for (std::size_t i = 0; i < code.size(); ++i) {
      const char c = code[i];
      if (c == '"') {
        const std::size_t end = std::min(code.find('"', i + 1), code.size());
        add(code.substr(i + 1, end - i - 1));
        i = end;
      } else if (c == '[') {
        const std::size_t end = std::min(code.find(']', i), code.size());
        in_brackets(code.substr(i + 1, end - i - 1));
        i = end;
      } else if (c == '\\' || c == '_' || c == '*') {  // a character as it is, or as wide as it is, or as often as fits
        if (++i < code.size() && c == '\\') add(code.substr(i, 1));
      } else if (std::string_view("$-+ ()").find(c) != std::string_view::npos ||
                 static_cast<unsigned char>(c) >= 0x80) {
        add(code.substr(i, 1));
      } else {
        mixed |= !after.empty();
        pattern += c;
        mask += c;
      }
    }
  }

 private:
  void add(std::string_view text) {
    (pattern.empty() ? before : after) += text;
    for (const char c : text) (mask += '\0') += c;
  }

  // A currency ([$€-407]), elapsed time, a colour or a condition.
  void in_brackets(std::string_view inside) {
    if (inside.starts_with('$')) add(inside.substr(1, inside.find('-') - 1));
    if (!inside.empty() && inside.find_first_not_of("hmsHMS") == inside.npos) elapsed = inside;
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

bool has_half_days(std::string_view pattern) {
  return pattern.find("AM/PM") != pattern.npos || pattern.find("am/pm") != pattern.npos ||
         pattern.find("A/P") != pattern.npos;
}

// Of a time in seconds: 9:05, 09:05:30, 2:24 PM; "mm:ss" without its hours.
std::string clock_text(long long time, std::string pattern) {
  const bool half = has_half_days(pattern);
  if (const std::size_t at = pattern.find_first_of("aA"); half && at != pattern.npos) pattern.resize(at);
  const bool hours = has_any(pattern, "hH"), minutes = has_any(pattern, "mM"), seconds = has_any(pattern, "sS");
  const bool padded = pattern.find("hh") != pattern.npos || pattern.find("HH") != pattern.npos;
  const long long hour = half ? (time / 3600 + 11) % 12 + 1 : time / 3600;
  char text[60];
  std::string clock;
  const auto add = [&](const char* format, long long value) {
    std::snprintf(text, sizeof text, format, value);
    clock += (clock.empty() ? "" : ":") + std::string(text);
  };
  if (hours) add(padded ? "%02lld" : "%lld", hour);
  if (minutes) add("%02lld", time / 60 % 60);
  if (seconds) add("%02lld", time % 60);
  return clock + (half ? time < 43200 ? " AM" : " PM" : "");
}

std::string date_and_time(double value, const std::string& pattern, bool from_1904) {
  const bool time = has_any(pattern, "hHsS");
  const bool date = has_any(pattern, "yYdD") || !time;
  if (!time) return date_text(static_cast<long long>(value), from_1904);
  const long long seconds = std::llround(value * 86400);
  std::string of_time = pattern;
  if (date)  // the m of a month is none of minutes
    while (!of_time.empty() && !has_any(of_time.substr(0, 1), "hHsS")) of_time.erase(0, 1);
  return (date ? date_text(seconds / 86400, from_1904) + " " : "") + clock_text(seconds % 86400, of_time);
}

// "[h]:mm": 26:05.
std::string elapsed_text(double value, const std::string& unit, const std::string& pattern) {
  const long long time = std::llround(value * 86400);
  const char first = unit[0] | 32;
  char text[80];
  if (first == 's') std::snprintf(text, sizeof text, "%lld", time);
  else if (first == 'm') std::snprintf(text, sizeof text, unit.size() > 1 ? "%02lld" : "%lld", time / 60);
  else std::snprintf(text, sizeof text, unit.size() > 1 ? "%02lld" : "%lld", time / 3600);
  std::string all = text;
  if (const std::string rest = clock_text(time % 3600, pattern); !rest.empty()) all += ":" + rest;
  return all;
}

// "# ?/?": 1 1/2.
std::string fraction_text(double value, const Code& code) {
  const std::size_t slash = code.pattern.find('/');
  const std::string below = code.pattern.substr(slash + 1);
  const bool fixed = below.find_first_not_of("0123456789") == below.npos && below[0] != '0';
  const long long given = fixed ? std::strtoll(below.c_str(), nullptr, 10) : 0;
  if (fixed && (given <= 0 || given > 100000)) return {};
  double whole = std::floor(std::abs(value));
  const bool has_whole = code.mixed;
  const double part = has_whole ? std::abs(value) - whole : std::abs(value);
  const long long most = below.size() == 1 ? 9 : below.size() == 2 ? 99 : 999;
  long long best = fixed ? given : 1;
  for (long long under = 1; !fixed && under <= most; ++under)
    if (std::abs(std::round(part * static_cast<double>(under)) / static_cast<double>(under) - part) + 1e-12 <
        std::abs(std::round(part * static_cast<double>(best)) / static_cast<double>(best) - part))
      best = under;
  auto over = std::llround(part * static_cast<double>(best));
  if (has_whole && over == best) {
    whole += 1;
    over = 0;
  }
  char text[80];
  std::string out;
  std::snprintf(text, sizeof text, "%.0f", whole);
  if (has_whole && (whole > 0 || over == 0)) out = text;
  std::snprintf(text, sizeof text, "%lld/%lld", over, best);
  if (!has_whole || over != 0) out += (out.empty() ? "" : " ") + std::string(text);
  return out;
}

// "(000) 000-0000": digits from the right into their places, the first takes what is left.
std::string masked_text(double value, const Code& code) {
  char digits[40];
  std::snprintf(digits, sizeof digits, "%.0f", std::abs(value));
  std::string left = digits, out;
  std::size_t first = 0;
  while (code.mask[first] == '\0') first += 2;  // there is a place for digits
  for (std::size_t at = code.mask.size(); at-- > 0;) {
    if (at > 0 && code.mask[at - 1] == '\0') {
      out.insert(0, 1, code.mask[at--]);
    } else if (at == first) {
      out.insert(0, left.empty() && code.mask[at] == '0' ? "0" : left);
    } else if (!left.empty()) {
      out.insert(0, 1, left.back());
      left.pop_back();
    } else if (code.mask[at] == '0') {
      out.insert(0, 1, '0');
    }
  }
  return out;
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

// Sections are parted by ";", but not in quotes, brackets or behind a backslash.
std::vector<std::string_view> sections_of(std::string_view format) {
  std::vector<std::string_view> sections;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= format.size(); ++i) {
    if (i < format.size() && (format[i] == '"' || format[i] == '[')) {
      i = std::min(format.find(format[i] == '"' ? '"' : ']', i + 1), format.size() - 1);
    } else if (i < format.size() && (format[i] == '\\' || format[i] == '_' || format[i] == '*')) {
      ++i;
    } else if (i == format.size() || format[i] == ';') {
      sections.push_back(format.substr(start, i - start));
      start = i + 1;
    }
  }
  if (sections.empty()) sections.push_back(format);
  return sections;
}

// "[<=9999999]": whether it holds; nothing where there is none.
std::optional<bool> condition_of(std::string_view section, double value) {
  const std::size_t open = section.find('['), operation = open + 1;
  if (open == section.npos || operation >= section.size() || !has_any(section.substr(operation, 1), "<>=")) return {};
  const std::size_t number = std::min(section.find_first_not_of("<>=", operation), section.size());
  const std::string_view sign = section.substr(operation, number - operation);
  const double limit = std::strtod(std::string(section.substr(number)).c_str(), nullptr);
  if (sign == "<") return value < limit;
  if (sign == "<=") return value <= limit;
  if (sign == ">") return value > limit;
  if (sign == ">=") return value >= limit;
  return sign == "=" ? value == limit : value != limit;
}

// The section that shows a value, and whether it says itself that the value is negative.
std::pair<std::string_view, bool> section_for(std::string_view format, double value) {
  const auto sections = sections_of(format);
  if (condition_of(sections[0], value)) {
    for (std::size_t i = 0; i < std::min<std::size_t>(sections.size(), 3); ++i)
      if (condition_of(sections[i], value).value_or(true)) return {sections[i], false};
    return {"", false};
  }
  if (value < 0 && sections.size() > 1 && !sections[1].empty()) return {sections[1], true};
  if (value == 0 && sections.size() > 2 && !sections[2].empty()) return {sections[2], false};
  return {sections[0], false};
}

}  // namespace

// 5 to 8, 42 and 44 are amounts in the currency of whoever opens the file, which the file does not tell: no sign is
// better than a wrong one.
std::string_view built_in_format(std::size_t id) {
  static constexpr std::pair<std::size_t, std::string_view> kFormats[] = {{1, "0"},
                                                                          {2, "0.00"},
                                                                          {3, "#,##0"},
                                                                          {4, "#,##0.00"},
                                                                          {5, "#,##0_);(#,##0)"},
                                                                          {6, "#,##0_);(#,##0)"},
                                                                          {7, "#,##0.00_);(#,##0.00)"},
                                                                          {8, "#,##0.00_);(#,##0.00)"},
                                                                          {9, "0%"},
                                                                          {10, "0.00%"},
                                                                          {18, "h:mm AM/PM"},
                                                                          {19, "h:mm:ss AM/PM"},
                                                                          {20, "h:mm"},
                                                                          {21, "h:mm:ss"},
                                                                          {22, "yyyy-mm-dd h:mm"},
                                                                          {12, "# ?/?"},
                                                                          {13, "# ??/??"},
                                                                          {37, "#,##0_);(#,##0)"},
                                                                          {38, "#,##0_);(#,##0)"},
                                                                          {39, "#,##0.00_);(#,##0.00)"},
                                                                          {40, "#,##0.00_);(#,##0.00)"},
                                                                          {41, "#,##0_);(#,##0)"},
                                                                          {42, "#,##0_);(#,##0)"},
                                                                          {43, "#,##0.00_);(#,##0.00)"},
                                                                          {44, "#,##0.00_);(#,##0.00)"},
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
  if (stored.empty() || *end != '\0' || !(std::abs(value) < 1e15)) return plain_number(stored);
  const auto [section, signs] = section_for(format.substr(0, kLongest), value);
  const Code code(section);
  std::string pattern = code.pattern;
  const std::string minus = value < 0 && !signs ? "-" : "";
  const bool general = pattern.find("eneral") != std::string::npos;
  const bool dated = !general && has_any(pattern, "yYdDhHsSmM") && !has_any(pattern, "0#?E@");
  if (dated || !code.elapsed.empty()) {
    if (value < 0) return "########";  // as programs show it
    if (value < 2958466)
      return code.elapsed.empty() ? date_and_time(value, pattern, days_from_1904)
                                  : elapsed_text(value, code.elapsed, pattern);
    return plain_number(stored);
  }
  if (const std::size_t slash = pattern.find('/'); slash != pattern.npos && slash > 0 && slash + 1 < pattern.size() &&
                                                   pattern.find_first_not_of("0123456789#?/") == pattern.npos)
    if (const std::string fraction = fraction_text(value, code); !fraction.empty()) return minus + fraction;
  const bool percent = pattern.ends_with('%');
  if (percent) pattern.pop_back();
  const std::size_t point = std::min(pattern.find('.'), pattern.size());
  const bool simple = pattern.find_first_not_of("0#,.") == std::string::npos && has_any(pattern, "0#") &&
                      !pattern.ends_with(',') && pattern.find_first_not_of(".0", point) == std::string::npos;
  if (code.mixed && !percent && has_any(pattern, "0#?") && pattern.find_first_not_of("0#?") == std::string::npos)
    return minus + masked_text(value, code);
  if (!simple || code.mixed) return plain_number(stored);
  return minus + code.before + grouped(percent ? value * 100 : value, pattern) + (percent ? "%" : "") + code.after;
}

std::string iso_date(std::string_view value) {
  const std::size_t t = std::min(value.find('T'), value.size());
  std::string text(value.substr(0, t));
  std::string_view time = value.substr(std::min(t + 1, value.size()));
  time = time.substr(0, time.find_first_of(".Z+-"));
  if (time.ends_with(":00") && time.size() == 8) time.remove_suffix(3);
  if (!time.empty() && time != "00:00") text += (text.empty() ? "" : " ") + std::string(time);
  return text;
}

std::string iso_duration(std::string_view value) {
  long long number = 0, seconds = 0;
  std::size_t i = 0;
  if (!value.starts_with("PT")) return std::string(value);
  for (i = 2; i < value.size() && number < 1000000; ++i) {
    const char c = value[i];
    if (c >= '0' && c <= '9') number = number * 10 + (c - '0');
    else if (c == 'H') seconds += std::exchange(number, 0) * 3600;
    else if (c == 'M') seconds += std::exchange(number, 0) * 60;
    else if (c == 'S' || c == '.' || c == ',') {
      seconds += std::exchange(number, 0);
      break;
    } else return std::string(value);
  }
  return elapsed_text(static_cast<double>(seconds) / 86400, "h", seconds % 60 == 0 ? "mm" : "mm:ss");
}

}  // namespace aacft
