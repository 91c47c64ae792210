// Writers' sheets: drafts go out, one row an item, and come back with what somebody would rather say.
//
// Law: collect_sheets(sheet_of(items)), read again from any kind of file and with the drafts as rewrites, gives the
// items' prompts byte for byte and in their order. A sheet carries each prompt in a column that nobody needs to touch,
// and a check word of it, so that a change, by hand or by a program, is noticed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/boards/lexicon.h"
#include "aacft/office/spreadsheet.h"

namespace aacft {

struct SheetItem {
  std::size_t number = 0;   // from 1, in the order of the rows
  std::string prompt;       // up to and with "<bot>:"
  std::string draft, note;  // may be empty

  bool operator==(const SheetItem&) const = default;
};

// Items of JSON Lines as `data draft` writes them: {"text"}, with "<bot>:" and perhaps an answer, or whatever else
// prompt_of() takes; perhaps with a "note". Error("NAME:LINE: ...").
std::vector<SheetItem> items_of_rows(const std::string& content, const std::string& name);

// The way back, a line an item: {"text"}, the prompt with its draft, and {"note"}.
std::string rows_of_items(const std::vector<SheetItem>& items);

// The words of a prompt's icons, with an emoji where the lexicon has one ("🙂 I · 🏃 run · not");
// of another prompt its text.
std::string readable_icons(std::string_view prompt, const Lexicon* lexicon);

// lexicon: nullptr for no emoji; title: who or what the sheet is for, may be empty.
Table sheet_of(const std::vector<SheetItem>& items, const Lexicon* lexicon, const std::string& title);

enum class MissingRewrite { kSkip, kError, kDraft };
enum class Conflict { kError, kBoth, kFirst, kLast };

struct CollectOptions {
  MissingRewrite missing = MissingRewrite::kSkip;  // leave the item out, stop, or take its draft
  Conflict conflicts = Conflict::kError;           // where one item has several rewrites
  bool straight_quotes = false;                    // ' for ’, " for “ and ”
};

// What was found, worst first.
enum class SheetProblem {
  kFormula,      // the program shows an error instead of what was typed
  kEncoding,     // garbled letters
  kMarker,       // "<bot>:" or "<human>:" inside a sentence
  kEdited,       // prompt, number or check word are not as they were sent
  kUnknown,      // an item that the original does not have, or none at all
  kDraftEdited,  // typed over the draft
  kConflict,
  kMissing,
  kLeftOut,  // an icon that the sentence does not say
  kSameAsDraft,
  kQuotes,      // ’ for '
  kNormalised,  // line breaks, tabs, no-break spaces, invisible characters
  kExtra,       // columns, sheets, comments and rows that belong to no item
  kNotRead,     // a hidden sheet
};
std::string_view name_of(SheetProblem problem);  // "icons left out", for a summary

struct SheetFinding {
  SheetProblem problem = SheetProblem::kExtra;
  bool error = false;   // nothing should be written
  std::string where;    // "anna.xlsx, row 7"
  std::string message;  // one line
};

struct CollectedRow {
  std::size_t number = 0;  // of the item; 0: the sheet has none
  std::string prompt, rewrite, note;
  std::string where;

  std::string text() const { return prompt + " " + rewrite + "\n"; }
};

struct Collected {
  std::vector<CollectedRow> rows;        // with a rewrite, or the draft where that was asked for
  std::vector<CollectedRow> notes;       // every note, also of items without a rewrite
  std::vector<SheetFinding> findings;    // by problem, then in the order of the sheets
  std::size_t items = 0, rewritten = 0;  // different ones in all sheets; those with a rewrite
  std::vector<std::size_t> missing;      // numbers of items without one, in the original if that is given
  bool failed() const;                   // one of the findings is an error
};

struct SheetFile {
  std::string name;
  std::vector<Sheet> sheets;
};

// original: the items that the sheets were made of, in whose order the rows come; nullptr where it is not at hand: the
// order is that of the numbers then. Whatever is in the sheets becomes a finding; Error only where a file has no sheet
// with the columns "rewrite" and "prompt".
Collected collect_sheets(const std::vector<SheetFile>& files, const std::vector<SheetItem>* original,
                         const CollectOptions& options);

}  // namespace aacft
