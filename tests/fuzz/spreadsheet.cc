// Sheets that came back: CSV as it is, packages as zips, and the XML inside of them. An input that begins with
// "parts\n" is a package in plain text, so that mutations reach what a checksum would hide: "\n== PATH\n" begins each
// file.
#include "aacft/office/spreadsheet.h"

#include "aacft/sheets/sheet.h"
#include "fuzz/target.h"
#include "office/spreadsheet_kinds.h"

namespace aacft::fuzz {
namespace {

constexpr std::string_view kParts = "parts\n", kFile = "\n== ";

Parts parts_of(std::string_view text) {
  Parts parts;
  for (std::size_t at = text.find(kFile); at != text.npos;) {
    text.remove_prefix(at + kFile.size());
    const std::size_t name = std::min(text.find('\n'), text.size());
    at = text.find(kFile);
    const std::string_view content = name >= std::min(at, text.size())
                                         ? std::string_view()
                                         : text.substr(name + 1, at == text.npos ? at : at - name - 1);
    parts.emplace(text.substr(0, name), content);
  }
  return parts;
}

std::vector<Sheet> sheets_of(std::string_view input) {
  if (!input.starts_with(kParts)) return read_spreadsheet(input, "input", {});
  const Parts parts = parts_of(input);
  return parts.contains("content.xml") ? read_ods(parts, "input") : read_xlsx(parts, "input");
}

void require_sound(const std::vector<SheetCell>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    require(!cells[i].text.empty() && cells[i].row >= 1 && cells[i].column >= 1, "a cell has a place and a text");
    require(i == 0 || std::pair(cells[i - 1].row, cells[i - 1].column) < std::pair(cells[i].row, cells[i].column),
            "cells are sorted, each place once");
  }
}

}  // namespace

void run(std::string_view input) {
  const SheetFile file{"input", sheets_of(input)};
  for (const Sheet& sheet : file.sheets) require_sound(sheet.cells), require_sound(sheet.comments);
  const Collected collected =
      collect_sheets({file}, nullptr, {.missing = MissingRewrite::kDraft, .conflicts = Conflict::kBoth});
  for (const CollectedRow& row : collected.rows)
    require(!row.rewrite.empty() && row.rewrite.find('\n') == row.rewrite.npos, "a rewrite is one line");
  for (const SheetFinding& finding : collected.findings)
    require(!finding.where.empty() && !finding.message.empty(), "a finding says where and what");
}

}  // namespace aacft::fuzz
