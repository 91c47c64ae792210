// The words by which a sheet shows that its prompts, numbers and drafts are as they were sent. Letters alone, so that
// no program takes one for a number, a date or a formula.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/sheets/sheet.h"

namespace aacft {

struct CheckWord {
  std::uint32_t origin = 0;  // of all items that were sent together: equal numbers mean equal items
  std::uint32_t item = 0;    // of the number and the prompt
  std::uint32_t draft = 0;
};

std::uint32_t origin_of(const std::vector<SheetItem>& items);
std::uint32_t check_of_item(std::size_t number, std::string_view prompt);
std::uint32_t check_of_draft(std::string_view draft);  // white space does not count

std::string to_text(const CheckWord& word);
std::optional<CheckWord> check_word_of(std::string_view text);

// A prompt as a JSON string in ASCII: one line, whatever it holds, that no program trims, corrects or takes for a
// formula.
std::string cell_of_prompt(const std::string& prompt);
std::optional<std::string> prompt_of_cell(
    const std::string& cell);  // as it is where it does not begin with a quotation mark

std::string without_space(std::string_view text);  // all of it taken away, no-break spaces too

// A sentence on one line: what is odd in it replaced by blanks or taken away. `changes`: "a line break, a tab", if any.
std::string on_one_line(std::string_view text, std::string* changes = nullptr);

// Whether `shown`, where `known` should stand, was read in a wrong encoding: its letters and signs beyond ASCII are not
// those of the known text. Emoji, which get lost, and blanks do not count, nor does a text that was typed over in
// ASCII.
bool is_misread(std::string_view shown, std::string_view known);

}  // namespace aacft
