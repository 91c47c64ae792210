#include "aacft/office/spreadsheet.h"

#include <algorithm>

#include "aacft/base/error.h"
#include "aacft/office/zip_folder.h"
#include "office/spreadsheet_kinds.h"

namespace aacft {
namespace {

constexpr std::string_view kZip = "PK\x03\x04";
constexpr std::string_view kCompoundFile = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

std::vector<Sheet> read_package(std::string_view bytes, const std::string& name) {
  const Parts parts = unzip(bytes, name);
  if (parts.contains("[Content_Types].xml")) return read_xlsx(parts, name);
  const auto type = parts.find("mimetype");
  if (type != parts.end() && type->second.starts_with("application/vnd.oasis.opendocument.spreadsheet"))
    return read_ods(parts, name);
  throw Error(name, ": a zip, but neither .xlsx nor .ods; save the sheet as one of these, or as CSV");
}

}  // namespace

std::string column_name(std::size_t column) {
  std::string name;
  for (; column > 0; column = (column - 1) / 26) name.insert(name.begin(), static_cast<char>('A' + (column - 1) % 26));
  return name;
}

std::vector<Sheet> read_spreadsheet(std::string_view bytes, const std::string& name, const Warn& warn) {
  if (bytes.starts_with(kZip)) return read_package(bytes, name);
  if (bytes.starts_with(kCompoundFile))
    throw Error(name, ": an old .xls, or a sheet with a password; save it as .xlsx or .ods, without a password");
  if (bytes.empty()) throw Error(name, ": the file is empty");
  const std::string_view start =
      bytes.substr(std::min(bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF"), bytes.size()), 14);
  if (start.starts_with("<?xml") || start.starts_with("<html") || start.starts_with("<!DOCTYPE") ||
      start.starts_with("%PDF"))
    throw Error(name, ": not a sheet; .xlsx, .ods and .csv are");
  return read_csv(bytes, name, warn);
}

}  // namespace aacft
