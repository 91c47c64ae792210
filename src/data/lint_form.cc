
#include <algorithm>
#include <array>

#include "aacft/base/text.h"
#include "linting.h"
#include "odd_characters.h"
#include "prompt_shape.h"

namespace aacft {
namespace {

// The value that most have, and how many do; among equals the smallest.
template <typename Map>
auto most_common(const Map& counts) {
  return *std::max_element(counts.begin(), counts.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
}

// A few characters before a byte, to find it by.
std::string before(std::string_view text, std::size_t byte) {
  std::size_t begin = byte - std::min<std::size_t>(byte, 16);
  while (begin < byte && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return std::string(text.substr(begin, byte - begin));
}

void check_shapes(Linting& l) {
  std::map<std::string, std::size_t> shapes;
  for (const LintedFile& file : l.report.files)
    for (const auto& [shape, rows] : file.shapes) shapes[shape] += rows;
  if (shapes.size() < 2) return;
  std::vector<std::string> counted;
  for (const auto& [shape, rows] : shapes) counted.push_back(std::to_string(rows) + " of {" + shape + "}");
  l.add("mixed-shapes", {0, 0}, listed(counted));
}

void check_markers(Linting& l) {
  const std::string marker = in_message(l.options.response_marker);
  const auto having = static_cast<std::size_t>(
      std::count_if(l.rows.begin(), l.rows.end(), [](const LintRow& row) { return row.has_marker; }));
  const auto several = static_cast<std::size_t>(
      std::count_if(l.rows.begin(), l.rows.end(), [](const LintRow& row) { return row.markers > 1; }));
  const bool expected = having > 0 && 2 * having >= l.rows.size(), turns = 10 * several > l.rows.size();
  const auto plain = static_cast<std::size_t>(
      std::count_if(l.rows.begin(), l.rows.end(), [](const LintRow& row) { return !row.has_answer; }));
  if (!expected && plain > 0) l.add("plain-text", {0, 0}, share(plain, l.rows.size()) + " rows have no " + marker);
  if (turns) l.add("several-turns", {0, 0}, share(several, l.rows.size()) + " rows have more than one " + marker);
  for (const LintRow& row : l.rows) {
    if (!row.has_marker && expected)
      l.add("no-marker", row.place, "no " + marker + "; " + share(having, l.rows.size()) + " rows have it");
    if (row.markers > 1 && !turns)
      l.add("several-markers", row.place, std::to_string(row.markers) + (row.chat ? " answers" : " times " + marker));
  }
}

void check_answers(Linting& l) {
  for (const LintRow& row : l.rows) {
    const std::string_view answer = row.answer_text();
    if (row.has_answer && is_blank(answer)) l.add("no-answer", row.place, "nothing follows the prompt");
    if (!row.chat && answer.find(kHumanTurn) != answer.npos)
      l.add("unanswered-turn", row.place, "\"<human>:\" after the last answer");
  }
  std::vector<const LintRow*> several;
  std::size_t answered = 0;
  for (const LintRow& row : l.rows) {
    if (!row.is_answered()) continue;
    ++answered;
    const std::string_view answer = row.answer_text().substr(leading_space(row.answer_text()));
    const std::size_t line = answer.find('\n');
    if (line < answer.size() - trailing_space(answer) && answer.find(kHumanTurn) == answer.npos)
      several.push_back(&row);
  }
  if (10 * several.size() > answered) return;  // this is how they are
  for (const LintRow* row : several) l.add("several-lines", row->place, "the answer has more than one line");
}

// White space that an answer ends with, by what those of the same sort do: a chat's answers have their end token.
void check_endings(Linting& l, bool chats) {
  std::map<std::string, std::size_t> endings;
  const auto counts = [&](const LintRow& row) { return row.chat == chats && row.is_answered(); };
  const auto ending = [](const LintRow& row) {
    const std::string_view text = row.chat ? row.answer_text() : std::string_view(row.text);
    return std::string(text.substr(text.find_last_not_of(" \t\r\n") + 1));
  };
  std::size_t with_newline = 0, answered = 0;
  for (const LintRow& row : l.rows)
    if (counts(row)) ++answered, ++endings[ending(row)], with_newline += ending(row).find('\n') != std::string::npos;
  if (answered == 0) return;
  if (!chats && with_newline == 0 && !l.options.append_eos) {
    l.add("never-ends", {0, 0}, "no answer ends in a newline, and no end-of-text token is appended");
    return;
  }
  const auto [usual, count] = most_common(endings);
  if (2 * count <= answered) return;
  for (const LintRow& row : l.rows) {
    if (!counts(row) || ending(row) == usual) continue;
    const bool unended = !chats && usual.find('\n') != usual.npos && ending(row).find('\n') == std::string::npos;
    const auto named = [](const std::string& space) { return space.empty() ? "no white space" : in_message(space); };
    l.add(unended ? "no-end-marker" : "ending", row.place,
          "ends in " + named(ending(row)) + "; " + share(count, answered) + " end in " + named(usual));
  }
  if (usual.find(' ') != usual.npos && !(chats && usual == l.options.chat_style.say_after))
    l.add("trailing-space", {0, 0}, share(count, answered) + " answers end in " + in_message(usual));
}

void check_spacing(Linting& l) {
  PromptShapes shapes, chats;  // of a chat, only what the user says differs from row to row
  const auto is_usual = [](const LintRow& row) { return row.is_answered() && row.markers <= 1; };
  const auto prompt = [](const LintRow& row) { return std::string(row.own_prompt()) + (row.chat ? "\n" : ""); };
  for (const LintRow& row : l.rows)
    if (is_usual(row)) (row.chat ? chats : shapes).count(prompt(row), row.answer_text());
  for (const LintRow& row : l.rows) {
    if (!is_usual(row)) continue;
    for (const PromptShapes::Oddity& odd : (row.chat ? chats : shapes).oddities(prompt(row), row.answer_text()))
      l.add(odd.spacing ? "spacing" : "odd-prompt", row.place, odd.message);
    if (!row.chat && row.prompt().ends_with(' ')) l.add("prompt-end", row.place, "the prompt ends in a space");
  }
}

void check_characters(Linting& l) {
  constexpr const char* kNames[] = {"control-character", "invisible-character", "no-break-space", "mojibake",
                                    "escaped-twice"};
  for (const LintRow& row : l.rows) {
    std::array<std::vector<OddCharacter>, std::size(kNames)> by_kind;
    for (OddCharacter& odd : odd_characters(row.text))
      by_kind[static_cast<std::size_t>(odd.kind)].push_back(std::move(odd));
    for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
      if (by_kind[kind].empty()) continue;
      const OddCharacter& first = by_kind[kind].front();
      const std::string where =
          " at byte " + std::to_string(first.byte) + " of the text, after " + in_message(before(row.text, first.byte));
      const std::string more =
          by_kind[kind].size() > 1 ? "; and " + std::to_string(by_kind[kind].size() - 1) + " more" : "";
      Finding& finding = l.add(kNames[kind], row.place, first.code_points + where + ": " + first.message + more);
      finding.byte = first.byte;
      finding.code_points = first.code_points;
    }
  }
}

}  // namespace

void check_form(Linting& l) {
  check_shapes(l);
  check_markers(l);
  check_answers(l);
  check_endings(l, false);
  check_endings(l, true);
  check_spacing(l);
  check_characters(l);
}

}  // namespace aacft
