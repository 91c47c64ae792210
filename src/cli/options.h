// Options of a subcommand. Each is declared once: flag, help, key in a configuration file, and its line in the resolved
// configuration all come from that declaration; its default is the value that the field has when it is declared.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace aacft::cli {

// A field's value as TOML.
std::string to_toml(const std::string& text);
inline std::string to_toml(bool value) { return value ? "true" : "false"; }
std::string to_toml(double value);
std::string to_toml(const std::filesystem::path& path);  // absolute, so that the file can be used from anywhere
template <typename T>
  requires std::is_integral_v<T>
std::string to_toml(T value) {
  return std::to_string(value);
}
template <typename T>
std::string to_toml(const std::vector<T>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i ? ", " : "") + to_toml(values[i]);
  return text + "]";
}

class Options {
 public:
  explicit Options(CLI::App& command) : command_(command) {}

  // names: "--lr,--learning-rate"; the first is the key.
  template <typename T>
  CLI::Option* add(const std::string& names, T& field, const std::string& help) {
    CLI::Option* option;
    if constexpr (std::is_same_v<T, bool>) {
      option = command_.add_flag(names, field, help);
    } else {
      option = command_.add_option(names, field, help);
      if constexpr (!std::is_same_v<T, std::filesystem::path>) option->capture_default_str();
    }
    remember(option, [&field] { return to_toml(field); });
    return option;
  }

  // A field that takes one of a few names.
  template <typename T>
  CLI::Option* add_choice(const std::string& names, T& field, const std::vector<std::pair<std::string, T>>& choices, const std::string& help) {
    std::string listed, current;
    for (const auto& [name, value] : choices) {
      listed += (listed.empty() ? "" : "|") + name;
      if (value == field) current = name;
    }
    CLI::Option* option = command_.add_option(names, field, help)->transform(CLI::CheckedTransformer(choices, CLI::ignore_case).description(""));
    option->type_name(listed)->default_str(current);
    remember(option, [&field, choices] {
      for (const auto& [name, value] : choices)
        if (value == field) return to_toml(name);
      return std::string("\"\"");
    });
    return option;
  }

  // "key = value" lines of every option declared here.
  std::string toml() const;

 private:
  void remember(CLI::Option* option, std::function<std::string()> value);

  CLI::App& command_;
  std::vector<std::pair<std::string, std::function<std::string()>>> values_;
};

// The arguments that a TOML file stands for, without those that `given` (the command line) has already. UsageError for a
// key that the command does not know.
std::vector<std::string> arguments_of_file(const CLI::App& command, const std::filesystem::path& file, const std::vector<std::string>& given);

// The long flag nearest to a mistyped one, "" where none is near.
std::string nearest_flag(const CLI::App& command, const std::string& flag);

}  // namespace aacft::cli
