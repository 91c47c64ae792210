// Office Open XML workbooks, as Excel, LibreOffice and Google Sheets write them (ECMA-376, part 1, 12 and 18).
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"
#include "aacft/office/encoding.h"
#include "office/number_format.h"
#include "office/office_xml.h"

namespace aacft {
namespace {

struct Relation {
  std::string type, target;  // the last word of its type; a path inside the package
};

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

std::string resolved(std::string folder, std::string_view target) {
  if (target.starts_with("/")) return std::string(target.substr(1));
  while (target.starts_with("../")) {
    target.remove_prefix(3);
    if (!folder.empty()) folder = folder_of(folder.substr(0, folder.size() - 1));
  }
  return folder + std::string(target);
}

std::multimap<std::string, Relation> relations_of(const Parts& parts, const std::string& path,
                                                  const std::string& name) {
  std::multimap<std::string, Relation> relations;
  const std::string folder = folder_of(path);
  const auto part = parts.find(folder + "_rels/" + path.substr(folder.size()) + ".rels");
  if (part == parts.end()) return relations;
  const Xml xml(part->second, name);
  for (const pugi::xml_node node : xml.root().children()) {
    const std::string_view type = attribute_of(node, "Type");
    relations.emplace(attribute_of(node, "Id"), Relation{std::string(type.substr(type.rfind('/') + 1)),
                                                         resolved(folder, attribute_of(node, "Target"))});
  }
  return relations;
}

const Relation* first_of_type(const std::multimap<std::string, Relation>& relations, std::string_view type) {
  for (const auto& [id, relation] : relations)
    if (relation.type == type) return &relation;
  return nullptr;
}

// "_x000D_" stands for the UTF-16 unit 000D, and "_x005F_" for the first character of what would look like one.
std::string unescaped(std::string_view text) {
  std::string out;
  const auto unit_at = [&](std::size_t at) -> int {
    if (at + 7 > text.size() || text[at] != '_' || text[at + 1] != 'x' || text[at + 6] != '_') return -1;
    int value = 0;
    const char *begin = text.data() + at + 2, *end = begin + 4;
    return std::from_chars(begin, end, value, 16).ptr == end && *begin != '-' ? value : -1;
  };
  for (std::size_t i = 0; i < text.size();) {
    int c = unit_at(i);
    if (c < 0) {
      out += text[i++];
      continue;
    }
    i += 7;
    if (const int low = unit_at(i); c >= 0xD800 && c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      i += 7;
    }
    append_utf8(out, static_cast<char32_t>(c));
  }
  return out;
}

// Of <si>, <is> or a comment's <text>: its <t>, or those of its runs; phonetic runs are not part of the text.
std::string text_of(pugi::xml_node node) {
  std::string text;
  for (const pugi::xml_node child : node.children()) {
    if (local_name(child) == "t") text += child.text().get();
    if (local_name(child) == "r")
      for (const pugi::xml_node part : child.children())
        if (local_name(part) == "t") text += part.text().get();
  }
  return unescaped(text);
}

std::vector<std::string> shared_strings(const Parts& parts, const Relation* relation, const std::string& name) {
  std::vector<std::string> strings;
  const auto part = relation == nullptr ? parts.end() : parts.find(relation->target);
  if (part == parts.end()) return strings;
  const Xml xml(part->second, name);
  for (const pugi::xml_node node : xml.root().children())
    if (local_name(node) == "si") strings.push_back(text_of(node));
  return strings;
}

// 0 for what is no number.
std::size_t number_in(std::string_view text) {
  std::size_t number = 0;
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc() ? number : 0;
}

// How numbers are shown: a format for each style of cells.
struct NumberStyles {
  std::vector<std::string> formats;
  bool days_from_1904 = false;
};

NumberStyles number_styles(const Parts& parts, const Relation* relation, pugi::xml_node workbook,
                           const std::string& name) {
  NumberStyles styles;
  const std::string_view from_1904 = attribute_of(child_named(workbook, "workbookPr"), "date1904");
  styles.days_from_1904 = from_1904 == "1" || from_1904 == "true";
  const auto part = relation == nullptr ? parts.end() : parts.find(relation->target);
  if (part == parts.end()) return styles;
  const Xml xml(part->second, name);
  std::map<std::string, std::string, std::less<>> own;
  for (const pugi::xml_node node : child_named(xml.root(), "numFmts").children())
    own.emplace(attribute_of(node, "numFmtId"), attribute_of(node, "formatCode"));
  for (const pugi::xml_node node : child_named(xml.root(), "cellXfs").children()) {
    const std::string_view id = attribute_of(node, "numFmtId");
    const auto found = own.find(id);
    styles.formats.emplace_back(found != own.end() ? found->second : built_in_format(number_in(id)));
  }
  return styles;
}

struct Place {
  std::size_t row, column;
};

Place place_of(std::string_view reference, const std::string& name) {
  Place place{0, 0};
  std::size_t i = 0;
  for (; i < reference.size() && i < 3 && reference[i] >= 'A' && reference[i] <= 'Z'; ++i)
    place.column = place.column * 26 + static_cast<std::size_t>(reference[i] - 'A') + 1;
  const auto [end, error] = std::from_chars(reference.data() + i, reference.data() + reference.size(), place.row);
  if (error != std::errc() || end != reference.data() + reference.size() || place.row == 0 || place.column == 0 ||
      place.row > kMostRows)
    throw Error(name, ": \"", reference, "\" is no cell's name; the sheet is damaged");
  return place;
}

// What all sheets of a workbook refer to.
struct Shared {
  std::vector<std::string> strings;
  NumberStyles styles;
};

std::string cell_text(pugi::xml_node cell, const Shared& shared, const std::string& name) {
  const std::string_view type = attribute_of(cell, "t");
  if (type == "inlineStr") return text_of(child_named(cell, "is"));
  const std::string value = child_named(cell, "v").text().get();
  if (type == "s") {
    std::size_t index = 0;
    if (std::from_chars(value.data(), value.data() + value.size(), index).ec != std::errc() ||
        index >= shared.strings.size())
      throw Error(name, ": a cell refers to the text ", value, " of ", shared.strings.size(), "; the sheet is damaged");
    return shared.strings[index];
  }
  if (type == "b") return value == "1" ? "TRUE" : "FALSE";
  if (type == "str") return unescaped(value);
  if (type == "d") return iso_date(value);
  if (!type.empty() && type != "n") return value;
  const auto style = number_in(attribute_of(cell, "s"));
  const auto& formats = shared.styles.formats;
  return shown_number(value, style < formats.size() ? formats[style] : "", shared.styles.days_from_1904);
}

// Cells that a merge covers keep their text, which nobody sees.
class Merges {
 public:
  Merges(pugi::xml_node sheet, const std::string& name) {
    for (const pugi::xml_node node : child_named(sheet, "mergeCells").children()) {
      const std::string_view range = attribute_of(node, "ref");
      const std::size_t colon = range.find(':');
      if (colon == range.npos) continue;
      if (ranges_.size() == kMostMerges)
        throw Error(name, ": more than ", kMostMerges, " merged cells; take them apart");
      ranges_.push_back({place_of(range.substr(0, colon), name), place_of(range.substr(colon + 1), name)});
    }
    std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.first.row < b.first.row; });
  }

  bool cover(const Place& place) const {
    for (const Range& range : ranges_) {
      if (range.first.row > place.row) break;
      const bool inside =
          place.row <= range.last.row && place.column >= range.first.column && place.column <= range.last.column;
      if (inside && (place.row != range.first.row || place.column != range.first.column)) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t kMostMerges = 4096;  // each cell is compared with all of them

  struct Range {
    Place first, last;
  };
  std::vector<Range> ranges_;  // by their first rows
};

std::vector<SheetCell> cells_of(pugi::xml_node sheet, const Shared& shared, const std::string& name) {
  CellSink sink(name);
  const Merges merges(sheet, name);
  const pugi::xml_node data = child_named(sheet, "sheetData");
  std::size_t row_number = 0;
  for (const pugi::xml_node row : data.children()) {
    if (local_name(row) != "row") continue;
    Place place{row_number + 1, 0};
    if (const std::string_view given = attribute_of(row, "r"); !given.empty())
      place.row = place_of("A" + std::string(given), name).row;
    row_number = place.row;
    for (const pugi::xml_node cell : row.children()) {
      if (local_name(cell) != "c") continue;
      ++place.column;
      if (const std::string_view given = attribute_of(cell, "r"); !given.empty()) place = place_of(given, name);
      if (!merges.cover(place)) sink.put(place.row, place.column, cell_text(cell, shared, name));
    }
  }
  return sink.take();
}

// Notes, and what Excel calls threaded comments; it keeps a copy of these as a note that only says so.
std::vector<SheetCell> comments_of(const Parts& parts, const std::string& sheet_path, const std::string& name) {
  std::map<std::pair<std::size_t, std::size_t>, std::string> texts;
  const auto add = [&](pugi::xml_node comment) {
    const std::string text = text_of(child_named(comment, "text"));
    const Place place = place_of(attribute_of(comment, "ref"), name);
    std::string& all = texts[{place.row, place.column}];
    if (!text.starts_with("[Threaded comment]")) all += (all.empty() ? "" : "\n") + text;
  };
  for (const auto& [id, relation] : relations_of(parts, sheet_path, name)) {
    if (relation.type != "comments" && relation.type != "threadedComment") continue;
    const auto part = parts.find(relation.target);
    if (part == parts.end()) continue;
    const Xml xml(part->second, name);
    if (relation.type == "comments") {
      for (const pugi::xml_node comment : child_named(xml.root(), "commentList").children()) add(comment);
    } else {
      for (const pugi::xml_node comment : xml.root().children()) {
        const Place place = place_of(attribute_of(comment, "ref"), name);
        std::string& all = texts[{place.row, place.column}];
        all += (all.empty() ? "" : "\n") + std::string(child_named(comment, "text").text().get());
      }
    }
  }
  CellSink sink(name);
  for (auto& [place, text] : texts) sink.put(place.first, place.second, std::move(text));
  return sink.take();
}

}  // namespace

std::vector<Sheet> read_xlsx(const Parts& parts, const std::string& name) {
  const auto package = relations_of(parts, "", name);
  const Relation* main = first_of_type(package, "officeDocument");
  const std::string path = main == nullptr ? "xl/workbook.xml" : main->target;
  const auto part = parts.find(path);
  if (part == parts.end()) throw Error(name, ": no workbook inside; the file is damaged, or no sheet");
  const Xml workbook(part->second, name);
  const auto relations = relations_of(parts, path, name);
  const Shared shared{shared_strings(parts, first_of_type(relations, "sharedStrings"), name),
                      number_styles(parts, first_of_type(relations, "styles"), workbook.root(), name)};

  std::vector<Sheet> sheets;
  std::set<std::string> seen;  // a workbook that names one sheet a thousand times is read once
  for (const pugi::xml_node node : child_named(workbook.root(), "sheets").children()) {
    std::string id;
    for (const pugi::xml_attribute attribute : node.attributes())
      if (std::string_view(attribute.name()) != "id" && local_name(attribute.name()) == "id") id = attribute.value();
    const auto found = relations.find(id);
    if (found == relations.end() || found->second.type != "worksheet" || !seen.insert(found->second.target).second)
      continue;
    const auto sheet_part = parts.find(found->second.target);
    if (sheet_part == parts.end())
      throw Error(name, ": the sheet ", found->second.target, " is missing; the file is damaged");
    const Xml xml(sheet_part->second, name);
    Sheet& sheet = sheets.emplace_back();
    sheet.name = attribute_of(node, "name");
    sheet.hidden = attribute_of(node, "state").ends_with("idden");  // hidden or veryHidden
    sheet.cells = cells_of(xml.root(), shared, name);
    sheet.comments = comments_of(parts, found->second.target, name);
  }
  return sheets;
}

}  // namespace aacft
