// What a person can tell the program rather than the model: lines that begin with "/".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "aacft/chat/console.h"

namespace aacft {

class Commands {
 public:
  explicit Commands(Console& console);  // has "/help" already, and "/exit"

  // name: "/save"; argument, for the help: "FILE", in brackets where it may be left out, "" where there is none; help:
  // what it does. `run` gets what follows the name, without the blanks around it; its Errors are told as notes.
  void add(std::string name, std::string argument, std::string help, std::function<void(const std::string&)> run);

  // Whether the line was one for the program: done, or explained. A line that begins with "//" is not: what it says
  // begins with the second "/".
  bool take(std::string_view line);
  bool exit_wanted() const { return exit_; }

 private:
  struct Command {
    std::string name, argument, help;
    std::function<void(const std::string&)> run;
  };

  Console& console_;
  std::vector<Command> commands_;
  bool exit_ = false;

  std::string help() const;
};

// A line without the "/" that kept it from being a command.
std::string_view said_in(std::string_view line);

}  // namespace aacft
