// What stands in the rows of sheets that came back, each judged for itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/sheets/sheet.h"

namespace aacft {

// One row of a sheet, as far as its prompt is beyond doubt.
struct SheetEntry {
  std::size_t number = 0;
  std::string prompt, draft, rewrite, note;
  std::string origin;  // rows of one origin have different numbers for different items
  std::string sheet;   // "anna.xlsx"; "anna.xlsx, sheet "Copy""
  std::size_t row = 0;
  std::string where() const { return sheet + ", row " + std::to_string(row); }
};

using RowsBySheet = std::map<std::string, std::set<std::size_t>>;

struct SheetEntries {
  std::vector<SheetEntry> entries;
  std::vector<SheetFinding> findings;
  RowsBySheet curly_rows;  // with “ and ’ for " and '
};

// original: as in collect_sheets.
SheetEntries read_entries(const std::vector<SheetFile>& files, const std::vector<SheetItem>* original,
                          const CollectOptions& options);

std::map<std::size_t, const SheetItem*> items_by_number(const std::vector<SheetItem>* original);
std::string origin_name(std::uint32_t origin);

bool is_formula_error(std::string_view text);        // "#NAME?"
std::string with_straight_quotes(std::string text);  // what programs make of ' and " while somebody types, undone

}  // namespace aacft
