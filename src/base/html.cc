#include "aacft/base/html.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "aacft/base/utf8.h"

namespace aacft {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ink: #1c2126; --quiet: #5d6770; --paper: #f6f7f8; --card: #ffffff; --line: #d9dee2;
  --good: #0f7b43; --bad: #b3261e; --mark: #ffe9a8; --accent: #2457a6;
  --series-1: #2457a6; --series-2: #c2570c; --series-3: #0f7b43; --series-4: #8a3ba3; --series-5: #b3261e; --series-6: #5d6770; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --quiet: #9aa5ae; --paper: #14181b; --card: #1d2226; --line: #363d43;
    --good: #5fd39a; --bad: #ff8a80; --mark: #5b4a12; --accent: #8ab4f8;
    --series-1: #8ab4f8; --series-2: #f2a65a; --series-3: #5fd39a; --series-4: #d59be6; --series-5: #ff8a80; --series-6: #9aa5ae; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.45rem; line-height: 1.2; margin: .25rem 0 .5rem; }
h2 { font-size: 1.15rem; margin: 1.75rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .35rem; }
a { color: var(--accent); }
p { margin: .5rem 0; }
.note { color: var(--quiet); font-size: .875rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--quiet); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .75rem .9rem; margin: .75rem 0; }
.good { color: var(--good); } .bad { color: var(--bad); }
mark { background: var(--mark); color: var(--ink); border-radius: .2em; padding: 0 .1em; }
del { color: var(--bad); }
code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .9em; }
svg { display: block; max-width: 100%; height: auto; }
svg text { fill: var(--quiet); font-size: 12px; }
svg .axis { stroke: var(--quiet); stroke-width: 1; fill: none; }
svg .grid { stroke: var(--line); stroke-width: 1; fill: none; }
svg .series-1, svg .series-2, svg .series-3, svg .series-4, svg .series-5, svg .series-6 { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .series-1 { stroke: var(--series-1); } svg .series-2 { stroke: var(--series-2); } svg .series-3 { stroke: var(--series-3); }
svg .series-4 { stroke: var(--series-4); } svg .series-5 { stroke: var(--series-5); } svg .series-6 { stroke: var(--series-6); }
svg .fill-1 { fill: var(--series-1); } svg .fill-2 { fill: var(--series-2); } svg .fill-3 { fill: var(--series-3); }
svg .fill-4 { fill: var(--series-4); } svg .fill-5 { fill: var(--series-5); } svg .fill-6 { fill: var(--series-6); }
@media print { .card { break-inside: avoid; } }
)";

// Bytes of the UTF-8 character that text begins with; 0 if none does.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, text.size()); ++length)
    if (valid_utf8(text.substr(0, length))) return length;
  return 0;
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    switch (text[0]) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default:
        const bool control = (byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7F;
        if (length == 0 || control) {
          escaped += kReplacement;
        } else {
          escaped += text.substr(0, length);
        }
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return escaped;
}

std::string html_number(double value, int decimals) {
  if (!std::isfinite(value)) return "\xE2\x80\x93";
  char digits[400];
  std::snprintf(digits, sizeof digits, "%.*f", std::clamp(decimals, 0, 20), std::fabs(value));
  std::string text = digits;
  const bool zero = text.find_first_not_of("0.") == text.npos;
  const std::size_t whole = std::min(text.find('.'), text.size());
  if (whole > 4)
    for (std::size_t at = whole; at > 3; at -= 3)
      if (at - 3 > 0) text.insert(at - 3, "\xE2\x80\x89");
  return (value < 0 && !zero ? "\xE2\x88\x92" : "") + text;
}

std::string html_page(std::string_view title, std::string_view body, std::string_view style) {
  const std::string name = html_escaped(title);
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
  page += name;
  page += "</title>\n<style>";
  page += kStyle;
  page += style;
  page += "</style>\n</head>\n<body>\n<h1>" + name + "</h1>\n";
  page += body;
  page += "\n</body>\n</html>\n";
  return page;
}

}  // namespace aacft
