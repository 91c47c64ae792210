// OpenDocument spreadsheets: content.xml (OpenDocument 1.3, part 3, 9 and 6).
#include <algorithm>
#include <charconv>
#include <set>

#include "aacft/base/error.h"
#include "office/number_format.h"
#include "office/office_xml.h"

namespace aacft {
namespace {

constexpr int kMostNested = 100;  // spans in spans, groups in groups

class OdsReader {
 public:
  OdsReader(pugi::xml_node root, std::size_t size, const std::string& name)
      : root_(root), name_(name), repeats_left_(size) {}

  std::vector<Sheet> read() {
    find_hidden_styles();
    std::vector<Sheet> sheets;
    const pugi::xml_node book = child_named(child_named(root_, "body"), "spreadsheet");
    if (!book) throw Error(name_, ": a document, but not a spreadsheet");
    for (const pugi::xml_node table : book.children()) {
      if (local_name(table) != "table") continue;
      CellSink cells(name_), comments(name_);
      cells_ = &cells, comments_ = &comments;
      row_ = 1;
      read_rows(table, 0);
      sheets.push_back({std::string(attribute_of(table, "name")),
                        hidden_styles_.contains(attribute_of(table, "style-name")), cells.take(), comments.take()});
    }
    return sheets;
  }

 private:
  void find_hidden_styles() {
    for (const pugi::xml_node style : child_named(root_, "automatic-styles").children())
      if (attribute_of(style, "family") == "table" &&
          attribute_of(child_named(style, "table-properties"), "display") == "false")
        hidden_styles_.emplace(attribute_of(style, "name"));
  }

  std::size_t count_of(pugi::xml_node node, std::string_view attribute) const {
    const std::string_view text = attribute_of(node, attribute);
    std::size_t count = 1;
    if (text.empty()) return count;
    if (std::from_chars(text.data(), text.data() + text.size(), count).ec != std::errc() || count > kMostRows)
      throw Error(name_, ": a cell is repeated \"", text, "\" times; the sheet is damaged");
    return std::max<std::size_t>(count, 1);
  }

  void read_rows(pugi::xml_node parent, int depth) {
    if (depth > kMostNested) throw Error(name_, ": groups of rows are nested too deep");
    for (const pugi::xml_node node : parent.children()) {
      const std::string_view kind = local_name(node);
      if (kind == "table-row") read_row(node);
      if (kind == "table-header-rows" || kind == "table-row-group" || kind == "table-rows") read_rows(node, depth + 1);
    }
  }

  // Rows and cells that are alike are written once, with their number.
  void read_row(pugi::xml_node node) {
    const std::size_t times = count_of(node, "number-rows-repeated");
    CellSink cells(name_), comments(name_);
    std::size_t column = 1;
    for (const pugi::xml_node cell : node.children()) {
      const std::string_view kind = local_name(cell);
      if (kind != "table-cell" && kind != "covered-table-cell") continue;
      const std::size_t repeated = count_of(cell, "number-columns-repeated");
      // What a merge covers keeps its text, which nobody sees.
      const std::string text = kind == "covered-table-cell" ? "" : shown(cell);
      if (!text.empty()) spend(repeated);
      for (std::size_t i = 0; i < repeated && !text.empty(); ++i) cells.put(row_, column + i, text);
      if (kind == "table-cell") comments.put(row_, column, paragraphs(child_named(cell, "annotation")));
      column += repeated;
    }
    const auto row = cells.take(), remarks = comments.take();
    if (!row.empty() || !remarks.empty()) spend(times * (row.size() + remarks.size()));
    for (std::size_t i = 0; i < times && !(row.empty() && remarks.empty()); ++i) {
      for (const SheetCell& cell : row) cells_->put(row_ + i, cell.column, cell.text);
      for (const SheetCell& cell : remarks) comments_->put(row_ + i, cell.column, cell.text);
    }
    row_ += times;
  }

  // A cell takes at least as many bytes of the file as it counts here, unless it is repeated beyond reason.
  void spend(std::size_t cells) {
    if (cells > repeats_left_)
      throw Error(name_, ": repeats its cells far more often than a sheet of its size does; the sheet is damaged");
    repeats_left_ -= cells;
  }

  // Programs may leave out the text that a value shows.
  std::string shown(pugi::xml_node cell) const {
    std::string text = paragraphs(cell);
    const std::string_view type = attribute_of(cell, "value-type");
    if (!text.empty() || type.empty()) return text;
    if (type == "date") return iso_date(attribute_of(cell, "date-value"));
    if (type == "time") return iso_duration(attribute_of(cell, "time-value"));
    if (type == "string") return std::string(attribute_of(cell, "string-value"));
    if (type == "boolean") return attribute_of(cell, "boolean-value") == "true" ? "TRUE" : "FALSE";
    const std::string value(attribute_of(cell, "value"));
    return shown_number(value, type == "percentage" ? "0%" : "", false);
  }

  std::string paragraphs(pugi::xml_node parent) const {
    std::string text;
    bool first = true;
    for (const pugi::xml_node child : parent.children()) {
      if (local_name(child) != "p") continue;
      if (!first) text += '\n';
      first = false;
      append_text(child, text, 0);
    }
    return text;
  }

  // White space counts as one blank, unless it is spelt as an element; what is pinned to the text is left out.
  void append_text(pugi::xml_node parent, std::string& text, int depth) const {
    if (depth > kMostNested) throw Error(name_, ": a cell's text is nested too deep");
    for (const pugi::xml_node node : parent.children()) {
      const std::string_view kind = local_name(node);
      if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) {
        append_collapsed(node.value(), text);
      } else if (kind == "s") {
        const std::string_view given = attribute_of(node, "c");
        std::size_t count = 1;
        if (!given.empty()) std::from_chars(given.data(), given.data() + given.size(), count);
        text.append(std::min<std::size_t>(count, 1000), ' ');
      } else if (kind == "tab") {
        text += '\t';
      } else if (kind == "line-break") {
        text += '\n';
      } else if (kind != "annotation" && kind != "note" && kind != "ruby-text") {
        append_text(node, text, depth + 1);
      }
    }
  }

  static void append_collapsed(std::string_view piece, std::string& text) {
    for (const char c : piece) {
      const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
      if (!space) {
        text += c;
      } else if (!text.empty() && text.back() != ' ' && text.back() != '\n') {
        text += ' ';
      }
    }
  }

  pugi::xml_node root_;
  const std::string& name_;
  std::size_t repeats_left_;
  std::set<std::string, std::less<>> hidden_styles_;
  CellSink *cells_ = nullptr, *comments_ = nullptr;
  std::size_t row_ = 1;
};

}  // namespace

std::vector<Sheet> read_ods(const Parts& parts, const std::string& name) {
  const auto part = parts.find("content.xml");
  if (part == parts.end()) throw Error(name, ": no content inside; the file is damaged, or no spreadsheet");
  const Xml xml(part->second, name);
  return OdsReader(xml.root(), part->second.size(), name).read();
}

}  // namespace aacft
