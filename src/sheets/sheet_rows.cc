#include "sheets/sheet_rows.h"

#include <algorithm>
#include <cctype>

namespace aacft {
namespace {

constexpr std::size_t kLastHeaderRow = 30;

// In small letters, without what stands in brackets.
std::string plain_header(std::string_view header) {
  std::string name;
  for (const char c : header.substr(0, header.find('(')))
    name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto edge = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == ':' || c == '.'; };
  while (!name.empty() && edge(name.back())) name.pop_back();
  while (!name.empty() && edge(name.front())) name.erase(0, 1);
  return name;
}

std::optional<SheetColumn> column_named(std::string_view header) {
  static const std::map<std::string, SheetColumn> kNames = {
      {"number", SheetColumn::kNumber},   {"no", SheetColumn::kNumber},   {"#", SheetColumn::kNumber},
      {"id", SheetColumn::kNumber},       {"icons", SheetColumn::kIcons}, {"draft", SheetColumn::kDraft},
      {"rewrite", SheetColumn::kRewrite}, {"note", SheetColumn::kNote},   {"notes", SheetColumn::kNote},
      {"prompt", SheetColumn::kPrompt},   {"check", SheetColumn::kCheck}};
  const auto found = kNames.find(plain_header(header));
  return found == kNames.end() ? std::nullopt : std::optional(found->second);
}

void add_cell(const SheetCell& cell, const SheetColumns& columns, SheetRow& row) {
  if (const auto known = columns.known.find(cell.column); known != columns.known.end()) {
    row.texts[known->second] = cell.text;
    return;
  }
  const auto other = columns.others.find(cell.column);
  row.others.emplace_back(other == columns.others.end() ? "column " + column_name(cell.column) : other->second,
                          cell.text);
}

}  // namespace

bool SheetColumns::has(SheetColumn column) const {
  return std::any_of(known.begin(), known.end(), [&](const auto& entry) { return entry.second == column; });
}

std::optional<SheetColumns> columns_of(const Sheet& sheet) {
  SheetColumns columns;
  for (std::size_t i = 0; i < sheet.cells.size() && sheet.cells[i].row <= kLastHeaderRow; ++i) {
    const SheetCell& cell = sheet.cells[i];
    if (cell.row != columns.header_row) columns = {.header_row = cell.row};
    const auto column = column_named(cell.text);
    if (column && !columns.has(*column)) {
      columns.known[cell.column] = *column;
    } else {
      columns.others[cell.column] = cell.text;
    }
    const bool row_ends = i + 1 == sheet.cells.size() || sheet.cells[i + 1].row != cell.row;
    if (row_ends && columns.has(SheetColumn::kRewrite) &&
        (columns.has(SheetColumn::kPrompt) || columns.has(SheetColumn::kNumber)))
      return columns;
  }
  return std::nullopt;
}

const std::string& SheetRow::text(SheetColumn column) const {
  static const std::string kNone;
  const auto found = texts.find(column);
  return found == texts.end() ? kNone : found->second;
}

std::vector<SheetRow> rows_of(const Sheet& sheet, const SheetColumns& columns) {
  std::map<std::size_t, SheetRow> rows;
  for (const SheetCell& cell : sheet.cells)
    if (cell.row > columns.header_row) add_cell(cell, columns, rows[cell.row]);
  for (const SheetCell& comment : sheet.comments)
    if (comment.row > columns.header_row) rows[comment.row].others.emplace_back("comment", comment.text);
  std::vector<SheetRow> result;
  for (auto& [number, row] : rows) {
    row.row = number;
    result.push_back(std::move(row));
  }
  return result;
}

std::string rows_listed(const std::vector<std::size_t>& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t last = i;
    while (last + 1 < rows.size() && rows[last + 1] == rows[last] + 1) ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(rows[i]);
    if (last > i) text += (last > i + 1 ? "-" : ", ") + std::to_string(rows[last]);
    i = last + 1;
  }
  return (rows.size() == 1 ? "row " : "rows ") + text;
}

}  // namespace aacft
