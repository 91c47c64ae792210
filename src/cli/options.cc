#include "cli/options.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "cli/toml.h"

namespace aacft::cli {
namespace {

// What transformers, PEFT, mlx-lm and llama.cpp call things that have other names here.
constexpr std::pair<const char*, const char*> kElsewhere[] = {
    {"batch-size", "micro-batch"},
    {"num-train-epochs", "epochs"},
    {"num-epochs", "epochs"},
    {"max-seq-length", "max-length"},
    {"max-seq-len", "max-length"},
    {"lora-r", "rank"},
    {"lora-rank", "rank"},
    {"lora-alpha", "alpha"},
    {"lora-dropout", "dropout"},
    {"use-dora", "dora"},
    {"use-rslora", "rslora"},
    {"output-dir", "output"},
    {"out-file", "output"},
    {"save-path", "output"},
    {"out", "output"},
    {"model-path", "model"},
    {"model-name-or-path", "model"},
    {"base-model", "model"},
    {"train-file", "data"},
    {"dataset", "data"},
    {"validation-file", "eval-data"},
    {"steps-per-eval", "eval-steps"},
    {"warmup-ratio", "warmup"},
    {"adam-beta1", "beta1"},
    {"adam-beta2", "beta2"},
    {"adam-epsilon", "epsilon"},
    {"resume-from-checkpoint", "resume"},
    {"resume-adapter-file", "init-adapter"},
    {"gradient-checkpointing", "recompute"},
    {"lora", "adapter"},
    {"peft", "adapter"},
    {"file", "prompt-file"},
    {"n-predict", "max-new-tokens"},
    {"predict", "max-new-tokens"},
    {"repeat-penalty", "repetition-penalty"},
    {"reverse-prompt", "stop"},
    {"outtype", "dtype"},
    {"torch-dtype", "dtype"},
};

std::vector<std::string> long_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  return names;
}

std::string nearest_option(const CLI::App& command, const std::string& name) {
  const auto names = long_names(command);
  for (const auto& [foreign, ours] : kElsewhere)
    if (name == foreign && std::find(names.begin(), names.end(), ours) != names.end()) return ours;
  return nearest_name(name, names);
}

bool is_given(const CLI::Option& option, const std::vector<std::string>& given) {
  return std::any_of(given.begin(), given.end(), [&](const std::string& argument) {
    if (argument.size() < 2 || argument[0] != '-') return false;
    return option.check_name(argument[1] == '-' ? argument.substr(0, argument.find('=')) : argument.substr(0, 2));
  });
}

bool takes_nothing(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

}  // namespace

std::string to_toml(const std::string& text) { return toml_string(text); }

std::string to_toml(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;  // the shortest that reads back the same
  return {text, end};
}

std::string to_toml(const std::filesystem::path& path) {
  return to_toml(path.empty() ? std::string() : std::filesystem::absolute(path).lexically_normal().string());
}

CLI::Validator whole_number(bool negative_too) {
  return {[negative_too](std::string& text) {
            std::int64_t number = 0;
            std::uint64_t positive = 0;
            const char* const end = text.data() + text.size();
            const auto result =
                negative_too ? std::from_chars(text.data(), end, number) : std::from_chars(text.data(), end, positive);
            const bool good = result.ec == std::errc() && result.ptr == end;
            return good ? std::string() : "\"" + text + "\" is not a whole number" + (negative_too ? "" : " from 0 up");
          },
          ""};
}

CLI::Validator finite_number() {
  return {[](std::string& text) {
            char* end = nullptr;
            const double number = std::strtod(text.c_str(), &end);
            return !text.empty() && *end == '\0' && std::isfinite(number) ? std::string()
                                                                          : "\"" + text + "\" is not a number";
          },
          ""};
}

CLI::Validator size_in_bytes() {
  return {
      [](std::string& text) {
        char* end = nullptr;
        const double number = std::strtod(text.c_str(), &end);
        std::string unit(end);
        for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        if (unit.ends_with("B")) unit.pop_back();
        const bool binary = unit.size() == 2 && unit.ends_with("I");
        if (binary) unit.pop_back();
        const std::size_t power = unit.empty() ? 0 : std::string("KMGT").find(unit) + 1;
        const double bytes = number * std::pow(binary ? 1024.0 : 1000.0, static_cast<double>(power));
        if (end == text.c_str() || unit.size() > 1 || (power == 0 && !unit.empty()) || !(bytes >= 0 && bytes < 1e18))
          return "\"" + text + "\" is not a size; write it as 800M, 6G or 6GiB";
        text = std::to_string(static_cast<std::uint64_t>(bytes));
        return std::string();
      },
      ""};
}

void require_html(const char* option, const std::filesystem::path& page) {
  if (page.extension() != ".html" && page.extension() != ".htm")
    throw UsageError(option, ": \"", page.string(), "\" must end in .html");
}

void Options::remember(CLI::Option* option, std::function<std::string()> value) {
  if (!group_.empty()) option->group(group_);
  values_.emplace_back(option->get_lnames().front(), std::move(value));
}

std::string Options::toml() const {
  std::string text;
  for (const auto& [key, value] : values_) text += key + " = " + value() + "\n";
  return text;
}

bool is_given(const CLI::App& command, const std::string& flag, const std::vector<std::string>& given) {
  const CLI::Option* option = command.get_option_no_throw(flag);
  return option != nullptr && is_given(*option, given);
}

std::vector<FileArgument> arguments_of_file(const CLI::App& command, const std::filesystem::path& file,
                                            const std::vector<std::string>& given,
                                            const std::vector<std::pair<std::string, std::string>>& exclusive) {
  std::vector<FileArgument> arguments;
  std::vector<std::pair<const CLI::Option*, std::string>> seen;
  for (const TomlEntry& entry : read_toml(file)) {
    const std::string where = file.string() + ":" + std::to_string(entry.line);
    if (!entry.section.empty() && entry.section != command.get_name())
      throw UsageError(where, ": the section [", entry.section, "] is not known; keys of ", command.get_name(),
                       " stand at the top or in [", command.get_name(), "]");
    std::string key = entry.key;
    std::replace(key.begin(), key.end(), '_', '-');
    const CLI::Option* option = command.get_option_no_throw("--" + key);
    if (option == nullptr || key == "help" || key == "config" || key == "resume") {
      const std::string nearest = option == nullptr ? nearest_option(command, key) : "";
      throw UsageError(where, ": unknown key \"", entry.key, "\"",
                       nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?",
                       option == nullptr ? "" : "; --" + key + " is for the command line alone");
    }
    for (const auto& [other, name] : seen)
      if (other == option) throw UsageError(where, ": \"", entry.key, "\" and \"", name, "\" are the same option");
    seen.emplace_back(option, entry.key);
    if (takes_nothing(*option) != (entry.type == TomlType::kBool))
      throw UsageError(where, ": \"", entry.key, "\" ",
                       takes_nothing(*option) ? "must be true or false" : "is not a switch; it needs a value");
    if (entry.type == TomlType::kArray && option->get_items_expected_max() == 1)
      throw UsageError(where, ": \"", entry.key, "\" takes one value, not a list");
    if (is_given(*option, given)) continue;
    if (std::any_of(exclusive.begin(), exclusive.end(), [&](const auto& pair) {
          return (option->check_name(pair.first) && is_given(command, pair.second, given)) ||
                 (option->check_name(pair.second) && is_given(command, pair.first, given));
        }))
      continue;
    for (const std::string& value : entry.values)
      if (!value.empty()) arguments.push_back({"--" + key + "=" + value, option->get_name(), where});
  }
  return arguments;
}

std::string nearest_flag(const CLI::App& command, const std::string& flag) {
  const std::size_t start = flag.find_first_not_of('-');
  if (start == std::string::npos) return {};
  const std::string nearest = nearest_option(command, flag.substr(start, flag.find('=') - start));
  return nearest.empty() ? "" : "--" + nearest;
}

}  // namespace aacft::cli
