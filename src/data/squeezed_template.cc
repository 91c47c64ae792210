#include "squeezed_template.h"

#include <algorithm>
#include <utility>

namespace aacft {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, begin)) {
    result.append(text, begin, at - begin).append(to);
    begin = at + from.size();
  }
  text = result.append(text, begin);
}

// The tag's inside without white space; `at` goes from behind its opening to behind its end.
std::string squeezed_tag(std::string_view text, std::size_t& at, std::string_view end, bool& cuts_space) {
  std::string tag;
  while (at < text.size()) {
    if (text.substr(at).starts_with(end)) {
      at += end.size();
      if (tag.ends_with('-')) cuts_space = true, tag.pop_back();
      return tag;
    }
    const char c = text[at++];
    if (c == '\'' || c == '"') {
      tag += kTemplateQuote;
      for (; at < text.size() && text[at] != c; ++at) {
        if (text[at] != '\\' || at + 1 == text.size()) {
          tag += text[at];
          continue;
        }
        const char escaped = text[++at];
        tag += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
      }
      ++at;
      tag += kTemplateQuote;
    } else if (kSpaces.find(c) == kSpaces.npos) {
      tag += c;
    }
  }
  return tag;
}

// Where the next tag or comment opens; npos where none does.
std::size_t next_tag(std::string_view text, std::size_t at) {
  for (at = text.find('{', at); at != text.npos; at = text.find('{', at + 1))
    if (at + 1 < text.size() && (text[at + 1] == '{' || text[at + 1] == '%' || text[at + 1] == '#')) return at;
  return text.npos;
}

// Text before a tag, as Jinja leaves it.
std::string_view cut_end(std::string_view text, bool all_space, bool is_block, bool begins_line) {
  if (all_space) return text.substr(0, text.find_last_not_of(kSpaces) + 1);
  const std::size_t line = text.find_last_of('\n') + 1;  // 0 where there is none
  const bool blank = text.find_first_not_of(" \t", line) == text.npos;
  return is_block && blank && (line > 0 || begins_line) ? text.substr(0, line) : text;
}

}  // namespace

std::string squeezed_template(std::string_view text) {
  std::string result;
  bool cuts_space = false, after_block = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t tag = next_tag(text, at);
    std::string_view plain = text.substr(at, tag == text.npos ? text.npos : tag - at);
    if (cuts_space) plain.remove_prefix(std::min(plain.find_first_not_of(kSpaces), plain.size()));
    const bool cuts_newline = after_block && plain.starts_with('\n');
    if (cuts_newline) plain.remove_prefix(1);
    if (tag == text.npos) {
      result.append(plain);
      break;
    }
    const char kind = text[tag + 1];
    const bool begins_line = cuts_newline || at == 0;
    at = tag + 2;
    const bool minus = at < text.size() && text[at] == '-';
    result += cut_end(plain, minus, kind != '{', begins_line);
    if (minus) ++at;
    cuts_space = false, after_block = kind != '{';
    if (kind == '#') {
      const std::size_t end = text.find("#}", at);
      if (end == text.npos) break;
      cuts_space = end > at && text[end - 1] == '-';
      at = end + 2;
      continue;
    }
    const std::string_view opening = kind == '{' ? "{{" : "{%", closing = kind == '{' ? "}}" : "%}";
    result.append(opening).append(squeezed_tag(text, at, closing, cuts_space)).append(closing);
  }
  const std::string quote(1, kTemplateQuote);
  for (const std::string name : {"content", "role"}) {
    replace_all(result, "message[" + quote + name + quote + "]", name);
    replace_all(result, "message." + name, name);
  }
  replace_all(result, quote + "+" + quote, "");
  return result;
}

}  // namespace aacft
