#include "office/office_xml.h"

#include <algorithm>
#include <tuple>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"

namespace aacft {
namespace {

// A text that many cells share is stored once in a file, but once a cell here.
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

}  // namespace

Xml::Xml(std::string_view text, const std::string& name) {
  const auto result = document_.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata);
  if (!result)
    throw Error(name, ": damaged at byte ", result.offset, " (", result.description(), "); save the sheet again");
}

std::string_view local_name(const char* name) {
  const std::string_view whole = name;
  return whole.substr(whole.find(':') + 1);  // npos + 1 is 0
}

pugi::xml_node child_named(pugi::xml_node node, std::string_view name) {
  for (const pugi::xml_node child : node.children())
    if (local_name(child) == name) return child;
  return {};
}

std::string_view attribute_of(pugi::xml_node node, std::string_view name) {
  for (const pugi::xml_attribute attribute : node.attributes())
    if (local_name(attribute.name()) == name) return attribute.value();
  return {};
}

void CellSink::put(std::size_t row, std::size_t column, std::string text) {
  if (text.empty()) return;
  if (row > kMostRows || column > kMostColumns)
    throw Error(name_, ": a cell lies outside of any sheet, in row ", row, ", column ", column);
  if (!valid_utf8(text))
    throw Error(name_, ", row ", row, ": the text of column ", column_name(column),
                " is not UTF-8; save the sheet again");
  bytes_ += text.size() + sizeof(SheetCell);
  if (bytes_ > kMostBytes) throw Error(name_, ": holds more text than a sheet for writers does; split it");
  cells_.push_back({row, column, std::move(text)});
}

std::vector<SheetCell> CellSink::take() {
  const auto place = [](const SheetCell& cell) { return std::make_tuple(cell.row, cell.column); };
  std::stable_sort(cells_.begin(), cells_.end(),
                   [&](const SheetCell& a, const SheetCell& b) { return place(a) < place(b); });
  cells_.erase(std::unique(cells_.begin(), cells_.end(),
                           [&](const SheetCell& a, const SheetCell& b) { return place(a) == place(b); }),
               cells_.end());
  return std::move(cells_);
}

}  // namespace aacft
