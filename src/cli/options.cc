#include "cli/options.h"

#include <algorithm>
#include <charconv>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"

namespace aacft::cli {
namespace {

std::vector<std::string> long_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  return names;
}

bool is_given(const CLI::Option& option, const std::vector<std::string>& given) {
  return std::any_of(given.begin(), given.end(), [&](const std::string& argument) {
    if (argument.size() < 2 || argument[0] != '-') return false;
    const std::string name = argument.substr(0, argument.find('='));
    return option.check_name(name);
  });
}

}  // namespace

std::string to_toml(const std::string& text) {
  // CLI11's TOML has no escapes: the quote that the text does not hold is taken.
  const char quote = text.find('"') == std::string::npos ? '"' : '\'';
  return quote + text + quote;
}

std::string to_toml(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;  // the shortest that reads back the same
  return {text, end};
}

std::string to_toml(const std::filesystem::path& path) {
  return to_toml(path.empty() ? std::string() : std::filesystem::absolute(path).lexically_normal().string());
}

void Options::remember(CLI::Option* option, std::function<std::string()> value) {
  values_.emplace_back(option->get_lnames().front(), std::move(value));
}

std::string Options::toml() const {
  std::string text;
  for (const auto& [key, value] : values_) text += key + " = " + value() + "\n";
  return text;
}

std::vector<std::string> arguments_of_file(const CLI::App& command, const std::filesystem::path& file, const std::vector<std::string>& given) {
  read_file(file);  // for its error
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_file(file.string());
  } catch (const CLI::Error& error) {
    throw UsageError(file, ": not a configuration file: ", error.what());
  }
  std::vector<std::string> arguments;
  for (const CLI::ConfigItem& item : items) {
    if (item.name == "++" || item.name == "--") continue;  // how CLI11 marks sections
    if (!item.parents.empty() && item.parents != std::vector<std::string>{command.get_name()})
      throw UsageError(file, ": section [", item.parents.front(), "] is not known; keys of ", command.get_name(), " stand at the top or in [", command.get_name(), "]");
    const CLI::Option* option = command.get_option_no_throw("--" + item.name);
    if (option == nullptr) {
      const std::string nearest = nearest_name(item.name, long_names(command));
      throw UsageError(file, ": unknown key \"", item.name, "\"", nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
    }
    if (is_given(*option, given)) continue;
    for (const std::string& input : item.inputs)
      if (!input.empty()) arguments.push_back("--" + item.name + "=" + input);
  }
  return arguments;
}

std::string nearest_flag(const CLI::App& command, const std::string& flag) {
  const std::size_t start = flag.find_first_not_of('-');
  if (start == std::string::npos) return {};
  const std::string nearest = nearest_name(flag.substr(start, flag.find('=') - start), long_names(command));
  return nearest.empty() ? "" : "--" + nearest;
}

}  // namespace aacft::cli
