// XLSX through libxlsxwriter, which only writes to files.
#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"
#include "aacft/office/spreadsheet.h"
#include "aacft/office/zip_folder.h"

namespace aacft {
namespace {

constexpr lxw_color_t kTint = 0xFFF8DC, kHeaderTint = 0xE7EDF3, kLine = 0xC8CDD2, kLockedText = 0x444444;
constexpr double kInstructionsWidth = 90;
constexpr std::size_t kMostCharacters = 32767;

class TemporaryFile {
 public:
  TemporaryFile() {
    path_ = (std::filesystem::temp_directory_path() / "aacft-sheet-XXXXXX").string();
    const int fd = ::mkstemp(path_.data());
    if (fd < 0)
      throw Error("cannot make a temporary file ", path_, ": ", std::strerror(errno),
                  "; TMPDIR chooses another folder");
    ::close(fd);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The units of UTF-16, which Excel counts.
std::size_t characters_of(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    count += (byte & 0xC0) != 0x80;
    count += byte >= 0xF0;
  }
  return count;
}

// Lines that a text takes in a column, about: wrapped at blanks, where emoji are two characters wide.
std::size_t lines_of(const std::string& text, double width) {
  std::size_t lines = 1;
  double used = 0, word = 0;
  for (const char c : text + " ") {
    if (c != ' ' && c != '\n') {
      const auto byte = static_cast<unsigned char>(c);
      word += (byte & 0xC0) != 0x80 ? (byte >= 0xF0 ? 2 : 1) : 0;
      continue;
    }
    if (used > 0 && used + word > width) ++lines, used = 0;
    used += word + 1, word = 0;
    if (c == '\n') ++lines, used = 0;
  }
  return lines;
}

// "_x0041_" would be read as "A"; libxlsxwriter sees to control characters alone.
std::string escaped(std::string text) {
  const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t at = 0; (at = text.find("_x", at)) != text.npos; at += 2)
    if (at + 6 < text.size() && text[at + 6] == '_' &&
        std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at) + 2,
                    text.begin() + static_cast<std::ptrdiff_t>(at) + 6, is_hex))
      text.insert(at, "_x005F"), at += 6;
  return text;
}

// A height that libxlsxwriter sets is fixed. Without this word of it, a row grows with what is typed.
std::string without_fixed_heights(std::string_view xml) {
  constexpr std::string_view kWord = " customHeight=\"1\"";
  std::string text;
  for (std::size_t at; (at = xml.find(kWord)) != xml.npos; xml.remove_prefix(at + kWord.size()))
    text += xml.substr(0, at);
  return text.append(xml);
}

std::string with_growing_rows(std::string_view workbook) {
  auto parts = unzip(workbook, "the new workbook");
  for (auto& [path, text] : parts)
    if (path.starts_with("xl/worksheets/sheet")) text = without_fixed_heights(text);
  return zip_of(parts);
}

class XlsxWriter {
 public:
  XlsxWriter(const Table& table, const std::string& path)
      : table_(table), path_(path), book_(workbook_new(path.c_str())) {
    if (book_ == nullptr) throw Error("cannot start a workbook: out of memory");
  }
  XlsxWriter(const XlsxWriter&) = delete;
  ~XlsxWriter() {
    if (book_ != nullptr) lxw_workbook_free(book_);
  }

  void write() {
    lxw_doc_properties properties{};
    std::string title = table_.title;  // libxlsxwriter copies it, but wants it mutable
    properties.title = title.data();
    workbook_set_properties(book_, &properties);
    write_table();
    if (!table_.instructions.empty()) write_instructions();
    lxw_workbook* book = std::exchange(book_, nullptr);  // freed by closing, whatever comes of it
    if (const lxw_error error = workbook_close(book); error != LXW_NO_ERROR)
      throw Error("cannot write the workbook in ", std::filesystem::path(path_).parent_path(), ": ",
                  lxw_strerror(error), "; TMPDIR chooses another folder");
  }

 private:
  lxw_format* format(bool wrapped) {
    lxw_format* format = workbook_add_format(book_);
    format_set_num_format_index(format, 49);  // "@": text
    format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
    if (wrapped) format_set_text_wrap(format);
    return format;
  }

  void write_table() {
    lxw_worksheet* sheet = workbook_add_worksheet(book_, table_.name.c_str());
    lxw_format* header = format(true);
    format_set_bold(header);
    format_set_bg_color(header, kHeaderTint);
    format_set_bottom(header, LXW_BORDER_THIN);
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const TableColumn& column = table_.columns[i];
      const auto index = static_cast<lxw_col_t>(i);
      lxw_format* look = format(!column.hidden);
      if (column.typed_in) {
        format_set_unlocked(look);
        format_set_bg_color(look, kTint);
      } else {
        format_set_font_color(look, kLockedText);
      }
      format_set_border(look, LXW_BORDER_HAIR);
      format_set_border_color(look, kLine);
      lxw_row_col_options options{};
      options.hidden = column.hidden;
      worksheet_set_column_opt(sheet, index, index, column.width, nullptr, &options);
      put(sheet, 0, i, column.header, header);
      for (std::size_t row = 0; row < table_.rows.size(); ++row) put(sheet, row + 1, i, table_.rows[row][i], look);
    }
    for (std::size_t row = 0; row < table_.rows.size(); ++row) set_height(sheet, row + 1, table_.rows[row]);
    lxw_protection allowed{};
    allowed.format_cells = allowed.format_columns = allowed.format_rows = LXW_TRUE;
    worksheet_protect(sheet, nullptr, &allowed);
    worksheet_freeze_panes(sheet, 1, 0);
    worksheet_ignore_errors(sheet, LXW_IGNORE_NUMBER_STORED_AS_TEXT, "A1:XFD1048576");
    worksheet_set_landscape(sheet);
    worksheet_fit_to_pages(sheet, 1, 0);
    worksheet_repeat_rows(sheet, 0, 0);
    worksheet_set_footer(sheet, "&C&P / &N");
    for (std::size_t i = 0; i < table_.columns.size(); ++i)
      if (table_.columns[i].typed_in) {
        worksheet_set_selection(sheet, 1, static_cast<lxw_col_t>(i), 1, static_cast<lxw_col_t>(i));
        break;
      }
  }

  void put(lxw_worksheet* sheet, std::size_t row, std::size_t column, const std::string& text, lxw_format* look) {
    if (characters_of(text) > kMostCharacters || row >= LXW_ROW_MAX)
      throw Error("row ", row + 1,
                  " is too long for .xlsx, which holds 32767 characters a cell and 1048576 rows; write .csv instead");
    const auto at = static_cast<lxw_row_t>(row);
    const auto index = static_cast<lxw_col_t>(column);
    const lxw_error error = text.empty() ? worksheet_write_blank(sheet, at, index, look)
                                         : worksheet_write_string(sheet, at, index, escaped(text).c_str(), look);
    if (error != LXW_NO_ERROR) throw Error("row ", row + 1, ": ", lxw_strerror(error));
  }

  // High enough for what is there. Excel would see to that itself, LibreOffice would not.
  void set_height(lxw_worksheet* sheet, std::size_t row, const std::vector<std::string>& texts) {
    std::size_t lines = 1;
    for (std::size_t i = 0; i < texts.size(); ++i)
      if (!table_.columns[i].hidden) lines = std::max(lines, lines_of(texts[i], 1.1 * table_.columns[i].width));
    worksheet_set_row(sheet, static_cast<lxw_row_t>(row), height_of(lines), nullptr);
  }

  static double height_of(std::size_t lines) {
    return std::min(400.0, 15.0 * static_cast<double>(lines) + 5);
  }  // points; a program's end is 409

  void write_instructions() {
    lxw_worksheet* sheet = workbook_add_worksheet(book_, "How to");
    lxw_format *title = format(true), *line = format(true);
    format_set_bold(title);
    format_set_font_size(title, 14);
    worksheet_set_column(sheet, 0, 0, kInstructionsWidth, nullptr);
    for (std::size_t i = 0; i < table_.instructions.size(); ++i) {
      put(sheet, i, 0, table_.instructions[i], i == 0 ? title : line);
      worksheet_set_row(sheet, static_cast<lxw_row_t>(i),
                        height_of(lines_of(table_.instructions[i], 1.1 * kInstructionsWidth)) + 5, nullptr);
    }
    worksheet_protect(sheet, nullptr, nullptr);
  }

  const Table& table_;
  const std::string& path_;
  lxw_workbook* book_;
};

}  // namespace

namespace {

// libxlsxwriter has only words of its own for a full disk, and prints them.
void require_room(const Table& table, const std::filesystem::path& folder) {
  std::uintmax_t needed = 64 << 10;  // styles and the like
  for (const auto& row : table.rows)
    for (const std::string& text : row) needed += 64 + 2 * text.size();
  std::error_code unknown;
  const auto space = std::filesystem::space(folder, unknown);
  if (!unknown && space.available < needed)
    throw Error("cannot write the workbook: the folder for temporary files, ", folder, ", has ",
                human_bytes(space.available), " left, and it takes up to ", human_bytes(needed),
                "; make room, or set TMPDIR to another folder");
}

}  // namespace

std::string xlsx_of(const Table& table) {
  const TemporaryFile file;
  require_room(table, std::filesystem::path(file.path()).parent_path());
  XlsxWriter(table, file.path()).write();
  return with_growing_rows(read_file(file.path()));
}

}  // namespace aacft
