// Readers of folders: one input holds several files, each below a line "=== NAME".
#pragma once

#include <algorithm>

#include "fuzz/target.h"

namespace aacft::fuzz {

// A folder with these files and no others. Names that are not plain are left out: what the folder holds is the user's
// doing.
inline fs::path write_folder(std::string_view input) {
  static std::set<std::string> written;
  for (const std::string& name : written) fs::remove(scratch() / name);
  written.clear();
  constexpr std::string_view kMark = "=== ";
  for (std::size_t at = input.find(kMark); at != input.npos;) {
    const std::size_t name_at = at + kMark.size(), line_end = std::min(input.find('\n', name_at), input.size());
    at = input.find("\n=== ", line_end);
    const std::string name(input.substr(name_at, line_end - name_at));
    const std::string_view content =
        input.substr(std::min(line_end + 1, input.size()), at == input.npos ? at : at - std::min(line_end + 1, at));
    if (at != input.npos) ++at;
    const auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    if (name.empty() || name[0] == '.' || name.size() > 40 || written.size() >= 8 ||
        !std::all_of(name.begin(), name.end(), plain))
      continue;
    write(name, content);
    written.insert(name);
  }
  return scratch();
}

}  // namespace aacft::fuzz
