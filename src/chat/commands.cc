#include "aacft/chat/commands.h"

#include <algorithm>
#include <utility>

#include "aacft/base/error.h"
#include "aacft/base/text.h"

namespace aacft {

Commands::Commands(Console& console) : console_(console) {
  add("/help", "", "what can be typed here", [this](const std::string&) { console_.note(help()); });
  add("/exit", "", "ends; so does Ctrl-D", [this](const std::string&) { exit_ = true; });
}

void Commands::add(std::string name, std::string argument, std::string help,
                   std::function<void(const std::string&)> run) {
  commands_.push_back({std::move(name), std::move(argument), std::move(help), std::move(run)});
}

bool Commands::take(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with("/") || line.starts_with("//")) return false;
  const std::string name(line.substr(0, line.find_first_of(" \t")));
  const std::string argument(trimmed(line.substr(name.size())));
  const auto named = [&](const Command& command) { return command.name == name; };
  const auto found = std::find_if(commands_.begin(), commands_.end(), named);
  if (found == commands_.end()) {
    std::vector<std::string> names;
    for (const Command& command : commands_) names.push_back(command.name);
    const std::string nearest = nearest_name(name, names);
    console_.note("there is no command " + presentable(name) +
                  (nearest.empty() ? "; there are " + listed(names) : "; did you mean " + nearest + "?"));
  } else if (found->argument.empty() && !argument.empty()) {
    console_.note(name + " takes nothing behind it");
  } else if (argument.empty() && !found->argument.empty() && !found->argument.starts_with("[")) {
    console_.note(name + " needs something behind it: " + name + " " + found->argument);
  } else {
    try {
      found->run(argument);
    } catch (const Error& error) {
      console_.note(error.what());
    }
  }
  return true;
}

std::string Commands::help() const {
  std::size_t width = 0;
  const auto call = [](const Command& command) {
    return command.name + (command.argument.empty() ? "" : " " + command.argument);
  };
  for (const Command& command : commands_) width = std::max(width, call(command).size());
  std::string text;
  for (const Command& command : commands_) {
    const std::string shown = call(command);
    text += shown + std::string(width + 2 - shown.size(), ' ') + command.help + "\n";
  }
  return text + "//..." + std::string(width - 3, ' ') + "says what begins with a /";
}

std::string_view said_in(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with("//")) line.remove_prefix(1);
  return line;
}

}  // namespace aacft
