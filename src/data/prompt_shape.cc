#include "prompt_shape.h"

#include <cstdio>

#include "aacft/base/utf8.h"
#include "aacft/unicode/characters.h"

namespace aacft {
namespace {

constexpr std::size_t kMostShown = 80;  // bytes of a text in a message

bool is_structure(char c) { return c == '{' || c == '}' || c == ';' || c == '*'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::string share(std::size_t part, std::size_t whole) { return std::to_string(part) + " of " + std::to_string(whole); }

std::string in_message(std::string_view text) {
  std::string shown = "\"";
  for (std::size_t at = 0; at < text.size();) {
    if (shown.size() > kMostShown) return shown + "...\"";
    const std::size_t begin = at;
    const char32_t c = next_code_point(text, at);
    if (c == '\n') {
      shown += "\\n";
    } else if (c == '\t') {
      shown += "\\t";
    } else if (c == '\r') {
      shown += "\\r";
    } else if (c == '"' || c == '\\') {
      shown += '\\', shown += static_cast<char>(c);
    } else if (c < 0x20 || (c >= 0x7F && c <= 0xA0) || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) ||
               (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF) {
      char escape[16];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      shown += escape;
    } else {
      shown += text.substr(begin, at - begin);
    }
  }
  return shown + "\"";
}

// Words become "_", several with single spaces between them one "_".
std::string PromptShapes::skeleton(std::string_view line) {
  std::string form;
  for (std::size_t at = 0; at < line.size();) {
    if (is_structure(line[at]) || is_space(line[at])) {
      form += line[at++];
      continue;
    }
    while (at < line.size() && !is_structure(line[at]) && !is_space(line[at])) ++at;
    if (form.ends_with("_ ")) {
      form.pop_back();
    } else {
      form += '_';
    }
  }
  return form;
}

std::string PromptShapes::without_spaces(std::string_view form) {
  std::string bare;
  for (const char c : form)
    if (!is_space(c) && !(c == '_' && bare.ends_with('_'))) bare += c;
  return bare;
}

std::vector<PromptShapes::Line> PromptShapes::lines_of(std::string_view prompt, std::string_view answer) {
  std::vector<Line> lines;
  for (std::size_t begin = 0, number = 1;; ++number) {
    const std::size_t end = prompt.find('\n', begin);
    const std::string_view line = prompt.substr(begin, end == prompt.npos ? prompt.npos : end - begin);
    if (end == prompt.npos) {
      lines.push_back({kMarker, number, std::string(line)});
      break;
    }
    lines.push_back({number == 1 ? kFirst : kBetween, number, number == 1 ? std::string(line) : skeleton(line)});
    begin = end + 1;
  }
  if (lines.size() > 2) lines[lines.size() - 2].role = kLast;
  lines.push_back({kAnswer, 0, std::string(answer.substr(0, leading_space(answer)))});
  return lines;
}

void PromptShapes::count(std::string_view prompt, std::string_view answer) {
  for (Line& line : lines_of(prompt, answer)) {
    Place& place = places_[line.role];
    ++place.lines;
    const std::string key = without_spaces(line.form);
    Group& group = place.groups[key];
    ++group.lines;
    if (++group.forms[line.form] >= group.forms[group.usual]) group.usual = line.form;
    if (group.lines >= place.groups[place.usual].lines) place.usual = key;
  }
}

std::vector<PromptShapes::Oddity> PromptShapes::oddities(std::string_view prompt, std::string_view answer) const {
  std::vector<Oddity> found;
  const auto add = [&](bool spacing, std::string message) {
    for (const Oddity& odd : found)
      if (odd.spacing == spacing) return;
    found.push_back({spacing, std::move(message)});
  };
  for (const Line& line : lines_of(prompt, answer)) {
    const Place& place = places_[line.role];
    const std::string key = without_spaces(line.form);
    const Group& group = place.groups.at(key);
    const std::size_t usual = group.forms.at(group.usual);
    const std::string what =
        line.role == kAnswer ? "the answer begins with " : "line " + std::to_string(line.number) + " of the prompt is ";
    if (line.form != group.usual && 2 * usual > group.lines) {
      add(true, what + in_message(line.form) + "; " + share(usual, group.lines) + " such lines are " +
                    in_message(group.usual));
      continue;
    }
    const Group& largest = place.groups.at(place.usual);
    const bool structured =
        line.role == kFirst || line.role == kMarker || place.usual.find_first_not_of('_') != std::string::npos;
    if (key != place.usual && structured && 10 * largest.lines >= 9 * place.lines)
      add(false, what + in_message(line.form) + "; " + share(largest.lines, place.lines) + " such lines are like " +
                     in_message(largest.usual));
  }
  return found;
}

}  // namespace aacft
