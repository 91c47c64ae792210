// The files of the page, which the build turns into a source (cmake/embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace aacft {

struct PageFile {
  std::string_view name;  // "board.js"
  std::string_view bytes;
  std::string_view tag;  // of this content: an ETag, with its quotes
};

std::span<const PageFile> page_files();

}  // namespace aacft
