// CSV: RFC 4180, and what office programs make of it.
#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/office/encoding.h"
#include "aacft/office/spreadsheet.h"
#include "office/spreadsheet_kinds.h"

namespace aacft {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

// Whether a program may take the text for a formula, or for one that is led in by an apostrophe already.
bool formula_like(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\''), text.size()));
  return !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
}

std::string field_of(const std::string& text) {
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

// The code page of the fields that are no UTF-8: in which they look like text. The blanks and points that part icons,
// and curly quotes, tell it even where no letter does.
CodePage code_page_of(const std::vector<SheetCell>& fields, const std::string& name) {
  struct Reading {
    CodePage page;
    std::size_t odd = 0;
    bool possible = true;
  };
  Reading readings[] = {{CodePage::kWindows1252}, {CodePage::kMacRoman}};
  std::size_t high = 0;
  for (const SheetCell& field : fields)
    high += static_cast<std::size_t>(std::count_if(field.text.begin(), field.text.end(), [](char c) { return c < 0; }));
  for (Reading& reading : readings)
    for (const SheetCell& field : fields) {
      const auto text = utf8_of(reading.page, field.text);
      reading.possible &= text.has_value();
      if (text) reading.odd += misplaced_characters(*text);
    }
  const auto worse = [](const Reading& a, const Reading& b) {
    return std::pair(!a.possible, a.odd) < std::pair(!b.possible, b.odd);
  };
  const Reading& best = *std::min_element(std::begin(readings), std::end(readings), worse);
  const SheetCell& first = fields.front();
  if (2 * best.odd > high)
    throw Error(name, ", row ", first.row, ": the text is in neither UTF-8, Windows-1252 nor Mac OS Roman (\"",
                *utf8_of(CodePage::kMacRoman, first.text), "\"?); save the sheet again as \"CSV UTF-8\" or .xlsx");
  return best.page;
}

// Decodes them, and says so.
void decode(std::vector<SheetCell>& fields, const std::string& name, const Warn& warn) {
  const CodePage page = code_page_of(fields, name);
  std::vector<std::size_t> rows;
  for (SheetCell& field : fields) {
    field.text = *utf8_of(page, field.text);
    if (rows.empty() || rows.back() != field.row) rows.push_back(field.row);
  }
  if (!warn) return;
  std::string listed;
  for (std::size_t i = 0; i < std::min<std::size_t>(rows.size(), 10); ++i)
    listed += (i > 0 ? ", " : "") + std::to_string(rows[i]);
  const std::string& first = fields.front().text;
  warn(name + ": " + std::to_string(rows.size()) + (rows.size() == 1 ? " row is" : " rows are") +
       " not in UTF-8 and read as " + (page == CodePage::kMacRoman ? "Mac OS Roman" : "Windows-1252") + " (" + listed +
       (rows.size() > 10 ? ", ..." : "") + "), the first as \"" +
       first.substr(0, complete_utf8_prefix(std::string_view(first).substr(0, 60))) +
       "\"; emoji are lost in it, as \"?\": better save the sheet as \"CSV UTF-8\" or .xlsx");
}

}  // namespace

std::vector<Sheet> read_csv(std::string_view bytes, const std::string& name, const Warn& warn) {
  const std::string content = in_utf8(bytes, name);
  const bool utf8 = valid_utf8(content);
  std::string_view text = content;
  const char separator = take_separator(text);
  std::vector<SheetCell> cells, undecoded;
  for (CsvReader reader(text, separator, name); !reader.at_end();)
    reader.read_record([&](std::size_t column, std::string field) {
      (utf8 || valid_utf8(field) ? cells : undecoded).push_back({reader.row(), column, std::move(field)});
    });
  if (!undecoded.empty()) decode(undecoded, name, warn);
  Sheet sheet;
  std::merge(std::make_move_iterator(cells.begin()), std::make_move_iterator(cells.end()),
             std::make_move_iterator(undecoded.begin()), std::make_move_iterator(undecoded.end()),
             std::back_inserter(sheet.cells), [](const SheetCell& a, const SheetCell& b) {
               return std::pair(a.row, a.column) < std::pair(b.row, b.column);
             });
  for (SheetCell& cell : sheet.cells)
    if (cell.text.starts_with('\'') && formula_like(cell.text)) cell.text.erase(0, 1);
  std::erase_if(sheet.cells, [](const SheetCell& cell) { return cell.text.empty(); });
  return {std::move(sheet)};
}

std::string csv_of(const Table& table) {
  std::string text(kMark);
  const auto line = [&](const auto& fields, const auto& text_of) {
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i > 0 ? "," : "") + field_of(text_of(fields[i]));
    text += "\r\n";
  };
  line(table.columns, [](const TableColumn& column) { return column.header; });
  for (const auto& row : table.rows) line(row, [](const std::string& field) { return field; });
  return text;
}

}  // namespace aacft
