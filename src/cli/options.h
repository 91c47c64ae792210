// Options of a subcommand. Each is declared once: flag, help, key in a configuration file, and its line in the resolved
// configuration all come from that declaration; its default is the value that the field has when it is declared.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "aacft/base/text.h"

namespace aacft::cli {

// A field's value as TOML.
std::string to_toml(const std::string& text);
inline std::string to_toml(bool value) { return value ? "true" : "false"; }
std::string to_toml(double value);
std::string to_toml(const std::filesystem::path& path);  // absolute, so that the file can be used from anywhere
template <typename T>
requires std::is_integral_v<T> std::string to_toml(T value) { return std::to_string(value); }
template <typename T>
std::string to_toml(const std::vector<T>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i ? ", " : "") + to_toml(values[i]);
  return text + "]";
}

// What an option's text must be, with messages in plain English; CLI11 puts the option's name in front.
CLI::Validator whole_number(bool negative_too);
CLI::Validator finite_number();
CLI::Validator size_in_bytes();  // 800M, 6G, 1.5GiB; turned into bytes

// UsageError where a page would get another file's name; `option` is the one that names it.
void require_html(const char* option, const std::filesystem::path& page);

class Options {
 public:
  explicit Options(CLI::App& command) : command_(command) {}

  // Where help shows the options that are declared from now on.
  void group(const std::string& name) { group_ = name; }

  // names: "--lr,--learning-rate"; the first is the key.
  template <typename T>
  CLI::Option* add(const std::string& names, T& field, const std::string& help) {
    CLI::Option* option;
    if constexpr (std::is_same_v<T, bool>) {
      option = command_.add_flag(names, field, help);
    } else {
      option = command_.add_option(names, field, help);
    }
    if constexpr (std::is_same_v<T, std::filesystem::path>) {
      option->type_name("PATH")->default_str(field.string());
    } else if constexpr (std::is_same_v<T, bool>) {
    } else if constexpr (std::is_integral_v<T>) {
      option->type_name("N")->check(whole_number(std::is_signed_v<T>))->capture_default_str();
    } else if constexpr (std::is_floating_point_v<T>) {
      option->type_name("NUMBER")->check(finite_number())->capture_default_str();
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      option->default_str(joined(field, ","));
    } else {
      option->capture_default_str();
    }
    // The last one counts, as everywhere.
    if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string> || std::is_same_v<T, std::filesystem::path>)
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    remember(option, [&field] { return to_toml(field); });
    return option;
  }

  // A number of bytes.
  CLI::Option* add_size(const std::string& names, std::uint64_t& field, const std::string& help) {
    const bool billions = field > 0 && field % 1'000'000'000 == 0;
    return add(names, field, help)
        ->transform(size_in_bytes())
        ->type_name("SIZE")
        ->default_str(billions ? std::to_string(field / 1'000'000'000) + "G" : std::to_string(field));
  }

  // A field that takes one of a few names.
  template <typename T>
  CLI::Option* add_choice(const std::string& names, T& field, const std::vector<std::pair<std::string, T>>& choices,
                          const std::string& help) {
    std::string listed, current;
    for (const auto& [name, value] : choices) {
      listed += (listed.empty() ? "" : "|") + name;
      if (value == field) current = name;
    }
    const auto to_number = [choices, listed](std::string& text) {
      for (const auto& [name, value] : choices)
        if (std::equal(name.begin(), name.end(), text.begin(), text.end(),
                       [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); })) {
          text = std::to_string(static_cast<int>(value));
          return std::string();
        }
      return "\"" + text + "\" is not one of " + listed;
    };
    CLI::Option* option = command_.add_option(names, field, help)->transform(CLI::Validator(to_number, ""));
    option->type_name(listed)->default_str(current)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
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
  std::string group_;  // empty: the usual one
  std::vector<std::pair<std::string, std::function<std::string()>>> values_;
};

// An argument that a configuration file stands for.
struct FileArgument {
  std::string argument;  // "--lr=0.1"
  std::string option;    // its option's name in messages
  std::string where;     // FILE:LINE
};

// Those of a TOML file, without the options that `given` (the command line) has already, or has another of `exclusive`
// for. UsageError for a key that the command does not know, or a value that it cannot take.
std::vector<FileArgument> arguments_of_file(const CLI::App& command, const std::filesystem::path& file,
                                            const std::vector<std::string>& given,
                                            const std::vector<std::pair<std::string, std::string>>& exclusive);

bool is_given(const CLI::App& command, const std::string& flag, const std::vector<std::string>& given);

// The long flag that was probably meant by a mistyped one, or by one of another program; "" where none is near.
std::string nearest_flag(const CLI::App& command, const std::string& flag);

}  // namespace aacft::cli
