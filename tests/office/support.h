// Sheets made on the spot, and their cells.
#pragma once

#include <gtest/gtest.h>
#include <zip.h>

#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/office/spreadsheet.h"
#include "support/paths.h"

namespace aacft {

inline void PrintTo(const SheetCell& cell, std::ostream* out) {
  *out << column_name(cell.column) << cell.row << " [" << cell.text << "]";
}

}  // namespace aacft

namespace aacft::testing {

using Cells = std::vector<SheetCell>;
using Rows = std::vector<std::vector<std::string>>;

// Of a CSV, or of the only sheet; warnings are gathered.
inline Cells cells_of(std::string_view bytes, std::string* warnings = nullptr) {
  const auto sheets = read_spreadsheet(bytes, "sheet", [&](const std::string& text) {
    if (warnings != nullptr) *warnings += text + "\n";
  });
  EXPECT_EQ(sheets.size(), 1u);
  return sheets.empty() ? Cells() : sheets[0].cells;
}

inline Cells cells_of_rows(const Rows& rows) {
  Cells cells;
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t c = 0; c < rows[r].size(); ++c)
      if (!rows[r][c].empty()) cells.push_back({r + 1, c + 1, rows[r][c]});
  return cells;
}

// Not by the code under test.
inline std::string zip_of(const std::map<std::string, std::string>& parts) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "a.zip";
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
  for (const auto& [name, text] : parts)
    zip_file_add(archive, name.c_str(), zip_source_buffer(archive, text.data(), text.size(), 0), 0);
  EXPECT_EQ(zip_close(archive), 0);
  return read_file(path);
}

}  // namespace aacft::testing
