// CSV: RFC 4180, and what office programs make of it.
#include <algorithm>
#include <array>
#include <map>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/office/encoding.h"
#include "aacft/office/spreadsheet.h"
#include "aacft/base/utf8.h"
#include "office/spreadsheet_kinds.h"

namespace aacft {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

// Whether a program may take the text for a formula, or for one that is led in by an apostrophe already.
bool formula_like(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\''), text.size()));
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
}

std::string in_quotes(const std::string& text) {
  std::string field = formula_like(text) ? "'" + text : text;
  const bool edges = !field.empty() && (field.front() == ' ' || field.back() == ' ');
  if (!edges && field.find_first_of("\",;\t\r\n") == std::string::npos) return field;
  for (std::size_t at = 0; (at = field.find('"', at)) != std::string::npos; at += 2) field.insert(at, 1, '"');
  return "\"" + field + "\"";
}

// One file's records, one after the other.
class CsvReader {
 public:
  CsvReader(std::string_view text, char separator, const std::string& name)
      : text_(text), separator_(separator), name_(name) {}

  bool at_end() const { return pos_ >= text_.size(); }

  // Calls field(column, text) for each of the next record.
  template <typename Field>
  void read_record(const Field& field) {
    ++row_;
    for (std::size_t column = 1;; ++column) {
      field(column, read_field());
      if (at_end()) return;
      const char next = text_[pos_++];
      if (next == separator_) continue;
      if (next == '\r' && pos_ < text_.size() && text_[pos_] == '\n') ++pos_;
      return;
    }
  }

  std::size_t row() const { return row_; }

 private:
  std::string read_field() {
    std::string field;
    if (!at_end() && text_[pos_] == '"') field = read_quoted();
    while (!at_end() && text_[pos_] != separator_ && text_[pos_] != '\r' && text_[pos_] != '\n') field += text_[pos_++];
    return field;
  }

  std::string read_quoted() {
    std::string field;
    for (++pos_;;) {
      const std::size_t quote = text_.find('"', pos_);
      if (quote == text_.npos)
        throw Error(name_, ", row ", row_,
                    ": a quotation mark opens a text that never ends; the file may be cut short");
      field += text_.substr(pos_, quote - pos_);
      pos_ = quote + 1;
      if (at_end() || text_[pos_] != '"') return field;
      field += '"';
      ++pos_;
    }
  }

  std::string_view text_;
  char separator_;
  const std::string& name_;
  std::size_t pos_ = 0, row_ = 0;
};

// The separator of the first line that has one outside quotation marks; the most frequent there.
char separator_of(std::string_view text) {
  std::map<char, std::size_t> counts;
  bool inside = false;
  for (const char c : text) {
    if (c == '"') inside = !inside;
    if (inside) continue;
    if (c == ',' || c == ';' || c == '\t') ++counts[c];
    if ((c == '\n' || c == '\r') && !counts.empty()) break;
  }
  char best = ',';
  for (const auto& [separator, count] : counts)
    if (count > counts[best]) best = separator;
  return best;
}

// Excel's "sep=;" line is a word to itself.
char take_separator(std::string_view& text) {
  if (text.starts_with("sep=") && text.size() > 4) {
    const char separator = text[4];
    std::string_view rest = text.substr(5);
    if (rest.starts_with("\r\n")) rest.remove_prefix(1);
    if (rest.starts_with("\n")) {
      text = rest.substr(1);
      return separator;
    }
  }
  return separator_of(text);
}

std::string in_utf8(std::string_view bytes, const std::string& name) {
  if (bytes.starts_with(kMark)) bytes.remove_prefix(kMark.size());
  if (bytes.starts_with("\xFF\xFE")) return utf8_of_utf16(bytes.substr(2), false);
  if (bytes.starts_with("\xFE\xFF")) return utf8_of_utf16(bytes.substr(2), true);
  const std::string_view start = bytes.substr(0, 4096);
  if (const auto zeros = static_cast<std::size_t>(std::count(start.begin(), start.end(), '\0'));
      zeros > start.size() / 4)
    throw Error(name,
                ": neither a sheet (.xlsx, .ods) nor text in UTF-8; if it is CSV, save it again as \"CSV UTF-8\"");
  return std::string(bytes);
}

struct Windows1252Rows {
  std::string listed, sample;
  std::size_t count = 0;

  void add(std::size_t row, const std::string& text) {
    if (last_ == row) return;
    last_ = row;
    if (count++ == 0) sample = text.substr(0, complete_utf8_prefix(std::string_view(text).substr(0, 60)));
    if (count <= 10) listed += (listed.empty() ? "" : ", ") + std::to_string(row);
    if (count == 11) listed += ", ...";
  }

 private:
  std::size_t last_ = 0;
};

std::string as_windows_1252(const std::string& field, const std::string& name, std::size_t row) {
  const auto text = utf8_of_windows_1252(field);
  if (!text)
    throw Error(name, ", row ", row,
                ": the text is in neither UTF-8 nor Windows-1252; save the sheet again as \"CSV UTF-8\" or .xlsx");
  return *text;
}

}  // namespace

std::vector<Sheet> read_csv(std::string_view bytes, const std::string& name, const Warn& warn) {
  const std::string content = in_utf8(bytes, name);
  const bool utf8 = valid_utf8(content);
  std::string_view text = content;
  const char separator = take_separator(text);
  Sheet sheet;
  Windows1252Rows odd;
  for (CsvReader reader(text, separator, name); !reader.at_end();)
    reader.read_record([&](std::size_t column, std::string field) {
      if (!utf8 && !valid_utf8(field)) {
        field = as_windows_1252(field, name, reader.row());
        odd.add(reader.row(), field);
      }
      if (field.starts_with('\'') && formula_like(field)) field.erase(0, 1);
      if (!field.empty()) sheet.cells.push_back({reader.row(), column, std::move(field)});
    });
  if (odd.count > 0 && warn)
    warn(name + ": " + std::to_string(odd.count) + (odd.count == 1 ? " row is" : " rows are") +
         " not in UTF-8 and read as Windows-1252 (" + odd.listed + "), the first as \"" + odd.sample +
         "\"; emoji are lost in it, as \"?\": better save the sheet as \"CSV UTF-8\" or .xlsx");
  return {std::move(sheet)};
}

std::string csv_of(const Table& table) {
  std::string text(kMark);
  const auto line = [&](const auto& fields, const auto& text_of) {
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i > 0 ? "," : "") + in_quotes(text_of(fields[i]));
    text += "\r\n";
  };
  line(table.columns, [](const TableColumn& column) { return column.header; });
  for (const auto& row : table.rows) line(row, [](const std::string& field) { return field; });
  return text;
}

}  // namespace aacft
