#include "aacft/boards/icon.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "aacft/base/error.h"
#include "aacft/data/turns.h"

namespace aacft {
namespace {

constexpr std::array<std::string_view, 10> kNames = {"NOUN",     "VERB",       "CLITIC_PRONOUN", "ADJECTIVE",
                                                     "NEGATED",  "TENSE_PAST", "TENSE_FUTURE",   "DOT",
                                                     "QUESTION", "PREPOSITION"};
constexpr std::string_view kOpening = "Simulate an AAC communicator given the following icon input: \n";

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "* { word ; TYPE ; picture }"; a word may hold ";".
Icon icon_of_line(std::string_view line) {
  const auto fail = [&]() -> Icon {
    throw Error("not an icon: \"", line, "\"; expected \"* { word ; TYPE ; picture }\"");
  };
  std::string_view text = without_spaces(line);
  if (!text.starts_with("* {") || !text.ends_with("}")) return fail();
  text = text.substr(3, text.size() - 4);
  const std::size_t second = text.rfind(" ; ");
  if (second == text.npos || second == 0) return fail();
  const std::size_t first = text.rfind(" ; ", second - 1);
  if (first == text.npos) return fail();
  const std::string_view word = without_spaces(text.substr(0, first)),
                         type = without_spaces(text.substr(first + 3, second - first - 3));
  if (word.empty()) return fail();
  const auto known = icon_type_named(type);
  if (!known) throw Error("\"", type, "\" is not an icon's type, in \"", line, "\"");
  return {std::string(word), *known, std::string(without_spaces(text.substr(second + 3)))};
}

}  // namespace

std::string_view name_of(IconType type) { return kNames[static_cast<std::size_t>(type)]; }

std::optional<IconType> icon_type_named(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto found = std::find(kNames.begin(), kNames.end(), upper);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<IconType>(found - kNames.begin());
}

std::string prompt_of_icons(const std::vector<Icon>& icons) {
  std::string text(kOpening);
  for (std::size_t i = 0; i < icons.size(); ++i) {
    if (i > 0) text += " \n";
    text.append("* { ")
        .append(icons[i].word)
        .append(" ; ")
        .append(name_of(icons[i].type))
        .append(" ; ")
        .append(icons[i].picture)
        .append(" } ");
  }
  return turn_prompt(text);
}

std::string prompt_with_draft(std::string_view prompt, std::string_view sentence) {
  if (!prompt.ends_with(kBotTurn)) throw Error("the prompt does not end in \"", kBotTurn, "\"");
  std::string text(prompt.substr(0, prompt.size() - kBotTurn.size()));
  if (!text.ends_with('\n')) text += "\n";
  return text.append("In plain words: ").append(sentence).append("\n").append(kBotTurn);
}

std::vector<Icon> icons_of_prompt(std::string_view text) {
  text = text.substr(0, text.find(kBotTurn));
  std::vector<Icon> icons;
  for (std::size_t at = text.find("* {"); at != text.npos;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    icons.push_back(icon_of_line(text.substr(at, end - at)));
    at = text.find("* {", end);
  }
  if (icons.empty()) throw Error("no icons; expected lines like \"* { word ; TYPE ; picture }\"");
  return icons;
}

std::vector<Icon> icons_if_any(std::string_view text) {
  try {
    return icons_of_prompt(text);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace aacft
