#include "aacft/sheets/sheet.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aacft/base/error.h"
#include "aacft/boards/icon.h"
#include "aacft/data/rows.h"
#include "aacft/data/turns.h"
#include "aacft/formats/json.h"
#include "aacft/office/encoding.h"
#include "sheets/sheet_check.h"

namespace aacft {
namespace {

using nlohmann::json;

// What follows the prompt, in each of the forms that prompt_of() takes; {"prompt", "text"} is what `generate --data`
// writes.
std::string answer_of(const json& row, const std::string& prompt) {
  if (row.contains("prompt") && !row.contains("completion")) {
    if (!row.contains("text") || !row["text"].is_string()) return {};
    const auto text = row["text"].get<std::string>();
    return text.starts_with(prompt) ? text.substr(prompt.size()) : text;
  }
  const std::string text = row_text(row, {}).text;
  return text.starts_with(prompt) ? text.substr(prompt.size()) : std::string();
}

SheetItem item_of_row(const json& row, std::size_t number) {
  SheetItem item{number, prompt_of(row), "", ""};
  if (!item.prompt.ends_with(kBotTurn)) throw Error("no \"<bot>:\" after which an answer could stand");
  item.draft = on_one_line(answer_of(row, item.prompt));
  if (row.contains("note") && row["note"].is_string()) item.note = on_one_line(row["note"].get<std::string>());
  return item;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

// Emoji and word, with `blank` for the blanks in them; grammar icons have words like any other.
std::string readable(const Icon& icon, const Lexicon* lexicon, std::string_view blank) {
  const LexiconEntry* entry = lexicon == nullptr ? nullptr : lexicon->find(icon.word, icon.type);
  const std::string emoji = entry == nullptr ? "" : entry->emoji;
  return replaced(emoji + (emoji.empty() ? "" : " ") + on_one_line(without_mojibake(icon.word)), " ", blank);
}

std::string readable(std::string_view prompt, const Lexicon* lexicon, std::string_view blank) {
  std::vector<Icon> icons;
  try {
    icons = icons_of_prompt(prompt);
  } catch (const Error&) {  // another kind of prompt
    std::string_view text = prompt.substr(0, prompt.rfind(kBotTurn));
    if (const std::size_t human = text.rfind(kHumanTurn); human != text.npos)
      text.remove_prefix(human + kHumanTurn.size());
    return on_one_line(text);
  }
  std::string text;
  for (const Icon& icon : icons)
    text.append(text.empty() ? "" : blank).append(text.empty() ? "" : "· ").append(readable(icon, lexicon, blank));
  return text;
}

std::vector<std::string> instructions(const std::string& title, std::size_t count) {
  std::vector<std::string> lines = {title.empty() ? "How to fill in the sheet" : title};
  lines.push_back(
      "The first sheet has " + std::to_string(count) + (count == 1 ? " sentence." : " sentences.") +
      " Each was made by tapping pictures: the column Icons shows their words, in the order in which they were tapped. "
      "The column Draft says them in plain English. A program wrote it; it may be wrong.");
  lines.push_back(
      "In the column Rewrite, write what the person would say. Keep what the pictures mean, change everything else as "
      "you like: "
      "words, tone, length. Write it as it should be spoken, on one line.");
  lines.push_back(
      "If the draft is right as it is, copy it. If you cannot make sense of the pictures, leave Rewrite empty and say "
      "so in Note. "
      "Notes are read, too.");
  lines.push_back(
      "Save as often as you like, under any name. You need not finish: what is empty will wait. The order of the rows "
      "does not matter. "
      "If several people share the work, each may hand back their own copy.");
  lines.push_back(
      "Only the tinted columns can be typed in, so that nothing else is changed by accident. Where you need more "
      "freedom - Excel checks the "
      "spelling of an unprotected sheet only - choose Review > Unprotect Sheet, or Tools > Protect Sheet in "
      "LibreOffice; there is no password. "
      "The hidden columns at the end belong to the program that reads the sheet again: leave them as they are.");
  lines.push_back("Hand the sheet back as it is (.xlsx), or saved as .ods.");
  return lines;
}

}  // namespace

std::vector<SheetItem> items_of_rows(const std::string& content, const std::string& name) {
  std::vector<SheetItem> items;
  const auto refuse = [&](std::size_t line, const std::string& reason) { throw Error(name, ":", line, ": ", reason); };
  read_json_lines(
      content,
      [&](std::size_t line, const json& row) {
        try {
          items.push_back(item_of_row(row, items.size() + 1));
        } catch (const Error& error) {
          refuse(line, error.what());
        }
      },
      refuse);
  if (items.empty()) throw Error(name, ": the file has no rows; one JSON object a line is expected");
  return items;
}

std::string rows_of_items(const std::vector<SheetItem>& items) {
  std::string lines;
  for (const SheetItem& item : items)
    lines += json{{"text", item.prompt + " " + item.draft + "\n"}, {"note", item.note}}.dump() + "\n";
  return lines;
}

std::string readable_icons(std::string_view prompt, const Lexicon* lexicon) { return readable(prompt, lexicon, " "); }

Table sheet_of(const std::vector<SheetItem>& items, const Lexicon* lexicon, const std::string& title) {
  Table table{"Sentences", title, {}, {}, instructions(title, items.size())};
  table.columns = {{"Number", 8},
                   {"Icons", 34},
                   {"Draft", 38},
                   {"Rewrite", 46, true},
                   {"Note", 26, true},
                   {"Prompt (do not edit)", 30, false, true},
                   {"Check (do not edit)", 30, false, true}};
  const std::uint32_t origin = origin_of(items);
  for (const SheetItem& item : items) {
    // A line of the narrow column breaks between icons: neither behind an emoji nor before a dot.
    const CheckWord check{origin, check_of_item(item.number, item.prompt), check_of_draft(item.draft)};
    table.rows.push_back({std::to_string(item.number), readable(item.prompt, lexicon, "\u00A0"), item.draft, "",
                          item.note, cell_of_prompt(item.prompt), to_text(check)});
  }
  return table;
}

}  // namespace aacft
