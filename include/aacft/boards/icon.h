// What a person taps, and how a sequence of it is written for the model.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aacft {

enum class IconType {
  kNoun,
  kVerb,
  kCliticPronoun,
  kAdjective,
  kNegated,
  kTensePast,
  kTenseFuture,
  kDot,
  kQuestion,
  kPreposition
};

std::string_view name_of(IconType type);                         // "NOUN", "CLITIC_PRONOUN", ..., as in prompts
std::optional<IconType> icon_type_named(std::string_view name);  // any case; nothing for an unknown name

struct Icon {
  std::string word;
  IconType type = IconType::kNoun;
  std::string picture;  // a file's name: no spaces

  bool operator==(const Icon&) const = default;
};

// The talk's prompt, byte for byte: "<human>: Simulate an AAC communicator given the following icon input: \n* { I ;
// NOUN ; je.png }  \n* { be ; VERB ; etre.png } \n<bot>:". Words and pictures must hold no newline, and no " ; " or "
// }".
std::string prompt_of_icons(const std::vector<Icon>& icons);

// The same prompt, and in it the sentence that rules make of the icons: the model then only has to find the style.
// "...<last icon> \nIn plain words: I want some tea.\n<bot>:". Error where the prompt does not end in "<bot>:".
std::string prompt_with_draft(std::string_view prompt, std::string_view sentence);

// The way back, from a prompt or a whole row; Error says what does not look like an icon. What follows "<bot>:" is
// ignored.
std::vector<Icon> icons_of_prompt(std::string_view text);
std::vector<Icon> icons_if_any(std::string_view text);  // none instead of an Error

}  // namespace aacft
