// From the cells of a sheet to its rows: which column is which, and what stands in them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aacft/office/spreadsheet.h"

namespace aacft {

enum class SheetColumn { kNumber, kIcons, kDraft, kRewrite, kNote, kPrompt, kCheck };

struct SheetColumns {
  std::size_t header_row = 0;
  std::map<std::size_t, SheetColumn> known;   // by position
  std::map<std::size_t, std::string> others;  // and their headers
  bool has(SheetColumn column) const;
};

// By the headers, in any order; they need not stand in the first row. Nothing where there is no column for rewrites, or
// none that says for which prompt.
std::optional<SheetColumns> columns_of(const Sheet& sheet);

struct SheetRow {
  std::size_t row = 0;  // as the program counts
  std::map<SheetColumn, std::string> texts;
  std::vector<std::pair<std::string, std::string>> others;  // header or column's name; text. Comments too.

  const std::string& text(SheetColumn column) const;  // "" where there is none
};

// Those below the header that hold anything.
std::vector<SheetRow> rows_of(const Sheet& sheet, const SheetColumns& columns);

// "row 3", "rows 3, 7-9"; sorted, each once.
std::string rows_listed(const std::vector<std::size_t>& rows);

}  // namespace aacft
