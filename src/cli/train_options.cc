#include "cli/train_options.h"

#include <map>
#include <sstream>

namespace aacft::cli {
namespace {

std::vector<std::pair<std::string, std::string>> key_values(const Options& declared) {
  std::vector<std::pair<std::string, std::string>> pairs;
  std::istringstream lines(declared.toml());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(" = ");
    pairs.emplace_back(line.substr(0, at), line.substr(at + 3));
  }
  return pairs;
}

}  // namespace

std::vector<RunReport::Option> changed_options(const TrainFlags& flags) {
  CLI::App app;
  const TrainFlags usual(app);
  std::map<std::string, std::string> defaults;
  for (const auto& [key, value] : key_values(usual.declared)) defaults[key] = value;
  std::vector<RunReport::Option> changed;
  for (const auto& [key, value] : key_values(flags.declared)) {
    if (key == "model" || key == "data" || key == "output" || key == "overwrite" || key == "report" ||
        key == "report-prompts")
      continue;
    if (value != defaults[key]) changed.push_back({key, value, defaults[key]});
  }
  return changed;
}

}  // namespace aacft::cli
