// Sheets of text, as office programs exchange them: CSV, XLSX (ECMA-376) and ODS (OpenDocument 1.3).
//
// What is read comes from strangers: no more is unpacked, repeated or kept than the size of the file explains, and XML
// entities of a document type are not expanded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/base/warn.h"

namespace aacft {

struct SheetCell {
  std::size_t row = 1, column = 1;  // from 1, as office programs count
  std::string text;                 // UTF-8, not empty, as the program shows it; a formula's is its last result

  bool operator==(const SheetCell&) const = default;
};

struct Sheet {
  std::string name;  // "" in CSV
  bool hidden = false;
  std::vector<SheetCell> cells;     // by row, then column; each place once
  std::vector<SheetCell> comments;  // what is pinned to a cell, likewise

  bool operator==(const Sheet&) const = default;
};

std::string column_name(std::size_t column);  // 1 -> "A", 28 -> "AB"

// Every sheet of a file, in its order; hidden ones as well. The kind of file is told by its bytes, `name` is for
// messages. CSV: comma, semicolon or tab; UTF-8, UTF-16 with a byte order mark, or Windows-1252 or Mac OS Roman, which
// is told to warn with its rows. Error says what the file is instead (an .xls, one with a password, ...), or where it
// is damaged.
std::vector<Sheet> read_spreadsheet(std::string_view bytes, const std::string& name, const Warn& warn);

struct TableColumn {
  std::string header;
  double width = 20;      // in characters
  bool typed_in = false;  // tinted and free; the others are protected, without a password
  bool hidden = false;
};

// One sheet to be filled in, and what to say about it.
struct Table {
  std::string name, title;  // of the sheet; of the document, may be empty
  std::vector<TableColumn> columns;
  std::vector<std::vector<std::string>> rows;  // UTF-8, one text a column
  std::vector<std::string> instructions;       // lines of a second sheet; not in CSV
};

// RFC 4180 in UTF-8, with a byte order mark, lest Excel take it for Windows-1252. A text that a program would take for
// a formula is led in by an apostrophe, which read_spreadsheet takes away again.
std::string csv_of(const Table& table);

// Every cell is text, whatever it looks like. Error names the row of a text that is longer than a cell holds (32767).
std::string xlsx_of(const Table& table);

}  // namespace aacft
