// Adapters by name, for commands that hold several at once.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "cli/options.h"

namespace aacft::cli {

struct NamedAdapter {
  std::string name;
  std::filesystem::path folder;
};

inline void add_named_adapters(Options& declared, std::vector<std::string>& adapters) {
  declared
      .add("--adapter,--adapter-path", adapters, "NAME=FOLDER, or a folder that goes by its own name; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

// By a folder's own name.
inline NamedAdapter adapter_in(const std::filesystem::path& folder) {
  const std::filesystem::path clean = (folder / "").lexically_normal().parent_path();
  const std::string name = clean.filename().string();
  return {name.empty() || name == "." || name == ".." ? clean.string() : name, folder};
}

// UsageError where two have one name, or one has none.
inline std::vector<NamedAdapter> named_adapters(const std::vector<std::string>& adapters) {
  std::vector<NamedAdapter> named;
  for (const std::string& text : adapters) {
    const std::size_t equals = text.find('=');
    const bool whole = equals == text.npos || text.find('/') < equals || std::filesystem::exists(text);
    NamedAdapter adapter = whole ? adapter_in(text) : NamedAdapter{text.substr(0, equals), text.substr(equals + 1)};
    if (adapter.name.empty() || adapter.folder.empty() || adapter.name == "-")
      throw UsageError("--adapter takes NAME=FOLDER, or a folder, and not ", in_quotes(text));
    for (const NamedAdapter& other : named)
      if (other.name == adapter.name)
        throw UsageError("--adapter: two are called ", in_quotes(adapter.name), "; NAME=FOLDER gives another name");
    named.push_back(std::move(adapter));
  }
  return named;
}

}  // namespace aacft::cli
