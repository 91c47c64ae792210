// From icons to one plain English sentence, by rule: what a communication board would say without a person's own style.
#pragma once

#include <string>
#include <vector>

#include "aacft/boards/icon.h"
#include "aacft/boards/lexicon.h"

namespace aacft {

// "I, be, behind" -> "I am behind."; "you, want, tea, question" -> "Do you want some tea?". A dot icon ends a sentence.
// Every icon is in the text: its word, a form of it, or the construction that it stands for. The text starts with a
// capital letter (where it starts with a letter) and ends in ".", "?" or "!". Forms of the lexicon come before the
// built-in tables; words that neither knows are inflected by rule. Error where there are no icons, or one without a
// word.
std::string realise(const std::vector<Icon>& icons, const Lexicon& lexicon);

}  // namespace aacft
