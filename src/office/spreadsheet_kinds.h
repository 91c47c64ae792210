// The readers behind read_spreadsheet, one a kind of file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/office/spreadsheet.h"

namespace aacft {

// The files of a package, by their paths.
using Parts = std::map<std::string, std::string>;

std::vector<Sheet> read_csv(std::string_view bytes, const std::string& name, const Warn& warn);
std::vector<Sheet> read_xlsx(const Parts& parts, const std::string& name);
std::vector<Sheet> read_ods(const Parts& parts, const std::string& name);

}  // namespace aacft
