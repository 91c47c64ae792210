// What the readers of XLSX and ODS share: XML by local names, and a place to gather cells.
#pragma once

#include <cstdint>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aacft/office/spreadsheet.h"
#include "office/spreadsheet_kinds.h"

namespace aacft {

constexpr std::size_t kMostRows = 1 << 20, kMostColumns = 1 << 14;

class Xml {
 public:
  // Error names what was read and where it is damaged. pugixml expands no entities but XML's five.
  Xml(std::string_view text, const std::string& name);

  pugi::xml_node root() const { return document_.document_element(); }

 private:
  pugi::xml_document document_;
};

// Without the prefix, which each program chooses for itself.
std::string_view local_name(const char* name);
inline std::string_view local_name(pugi::xml_node node) { return local_name(node.name()); }

pugi::xml_node child_named(pugi::xml_node node, std::string_view name);
std::string_view attribute_of(pugi::xml_node node, std::string_view name);  // "" without it

// Cells in any order, no more of them than a bound allows.
class CellSink {
 public:
  explicit CellSink(const std::string& name) : name_(name) {}

  // Drops empty texts. Error outside the sheet, for what is no UTF-8, and past the bound.
  void put(std::size_t row, std::size_t column, std::string text);

  std::vector<SheetCell> take();  // sorted; of two at one place the first

 private:
  const std::string& name_;
  std::vector<SheetCell> cells_;
  std::size_t bytes_ = 0;
};

}  // namespace aacft
