// A zip as a folder of files in memory.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace aacft {

// By path, "/" between its parts. Error names what is damaged, encrypted, too large, or would lie outside.
std::map<std::string, std::string> unzip(std::string_view bytes, const std::string& name);

// The same bytes for the same files; there must be one.
std::string zip_of(const std::map<std::string, std::string>& files);

// Without "." parts, "\" for "/" and doubled slashes; "" where the path leaves its folder or is empty.
std::string path_inside(std::string_view path);

}  // namespace aacft
