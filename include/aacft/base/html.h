// Pages that need nothing but a browser: one file, no script, no network; readable on a phone, light or dark as the
// reader's system is.
//
// The shared stylesheet knows, beside plain elements: <p class="note"> (small print), <table> with <td class="number">,
// <div class="scroll"> around what may be wider than a phone, <div class="card">, <mark> for what differs, <del> for
// what is missing, and SVG classes: text (labels), axis, grid, series-1 ... series-6 (strokes), fill-1 ... fill-6. Its
// colours are variables: --ink, --quiet, --paper, --card, --line, --good, --bad, --series-1 ... --series-6.
#pragma once

#include <string>
#include <string_view>

namespace aacft {

// For text and for attributes in double quotes. What is not UTF-8, and control characters other than tab and newline,
// become U+FFFD: a page holds neither.
std::string html_escaped(std::string_view text);

// Fixed decimals with a true minus sign and thin spaces between thousands: "12 345.6"; "–" for what is not finite.
std::string html_number(double value, int decimals);

// A whole page around `body`, which is HTML already. `title` is plain text; it is the page's <h1>, too. `style` is
// added to the shared stylesheet.
std::string html_page(std::string_view title, std::string_view body, std::string_view style = {});

}  // namespace aacft
